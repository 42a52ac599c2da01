import { setTimeout as delay } from 'node:timers/promises';
import type { Principal } from '../auth/principal.js';
import { HearthError } from '../errors.js';
import { META } from '../protocol/envelope.js';
import { type JsonObject, type NotificationMessage, objectOf, type RequestMessage, stringOf } from '../protocol/message.js';
import { LATEST_HANDSHAKE_VERSION, negotiate, STATELESS_VERSIONS } from '../protocol/versions.js';
import type { ListKind } from './catalog.js';
import { HubLists, shownTo } from './hub-lists.js';
import { ownerOf, unqualify } from './namespace.js';
import type { Rewrites } from './pending.js';
import { type Caller, type Exchange, NO_EXCHANGE, type Router } from './router.js';
import type { ServerListener, ServerRouter } from './server-router.js';

const CHANGED: Readonly<Record<ListKind, string>> = {
  tools: 'notifications/tools/list_changed',
  prompts: 'notifications/prompts/list_changed',
  resources: 'notifications/resources/list_changed',
  resourceTemplates: 'notifications/resources/list_changed',
};
const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
} as const;
const POLL_MS = 25;

/** All servers behind one endpoint: tools and prompts as `<server>__<name>`, resources by the server that has them. */
export class HubRouter implements Router, ServerListener {
  readonly #servers = new Map<string, ServerRouter>();
  readonly #lists = new HubLists(this.#servers);
  readonly #callers = new Set<Caller>();
  #settled = false;
  #settling: Promise<void> | undefined;

  /**
   * @param version       hearth's own
   * @param firstListWait how long the very first lists wait for servers that are still starting, in milliseconds
   */
  constructor(
    private readonly version: string,
    private readonly firstListWait: number,
  ) {}

  add(server: ServerRouter): void {
    this.#servers.set(server.name, server);
  }

  onListsChanged(kinds: readonly ListKind[]): void {
    this.#lists.invalidate();
    for (const method of new Set(kinds.map((kind) => CHANGED[kind]))) {
      for (const caller of this.#callers) caller.send(`{"jsonrpc":"2.0","method":"${method}"}`);
    }
  }

  onLog(raw: string, admits: (caller: Caller) => boolean): void {
    for (const caller of this.#callers) if (admits(caller)) caller.send(raw);
  }

  assertOpen(): void {
    // A hub is open as long as it runs: servers that are down do not close it.
  }

  async initialize(caller: Caller, params: JsonObject): Promise<JsonObject> {
    await this.#firstStart();
    this.join(caller);
    const instructions = this.#instructions(caller);
    return {
      protocolVersion: negotiate(stringOf(params.protocolVersion) ?? '', LATEST_HANDSHAKE_VERSION),
      capabilities: CAPABILITIES,
      serverInfo: this.#serverInfo(),
      ...(instructions && { instructions }),
    };
  }

  async discover(caller: Caller): Promise<JsonObject> {
    await this.#firstStart();
    const instructions = this.#instructions(caller);
    return {
      supportedVersions: STATELESS_VERSIONS,
      capabilities: CAPABILITIES,
      ...(instructions && { instructions }),
      _meta: { [META.serverInfo]: this.#serverInfo() },
    };
  }

  join(caller: Caller): void {
    this.#callers.add(caller);
  }

  tool(name: string): JsonObject | undefined {
    const parts = unqualify(name);
    return parts && this.#servers.get(parts.server)?.tool(parts.name);
  }

  request(caller: Caller, message: RequestMessage, exchange: Exchange): void {
    const kind = this.#lists.kindOf(message.method);
    if (kind) void this.#list(kind, caller.principal, message, exchange);
    else if (message.method === 'logging/setLevel') this.#setLevel(caller, message, exchange);
    else this.#forward(caller, message, exchange);
  }

  notify(caller: Caller, message: NotificationMessage): void {
    for (const server of this.#shownTo(caller)) server.notify(caller, message);
  }

  isBusy(caller: Caller): boolean {
    return [...this.#servers.values()].some((server) => server.isBusy(caller));
  }

  release(caller: Caller): void {
    this.#callers.delete(caller);
    for (const server of this.#servers.values()) server.release(caller);
  }

  async #list(kind: ListKind, principal: Principal | undefined, message: RequestMessage, exchange: Exchange): Promise<void> {
    if (!this.#settled) await this.#firstStart();
    exchange.reply(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":${this.#lists.result(kind, principal)}}`);
  }

  #setLevel(caller: Caller, message: RequestMessage, exchange: Exchange): void {
    for (const server of this.#shownTo(caller)) {
      if (server.handshake?.capabilities.logging && server.existing(caller)) server.request(caller, message, NO_EXCHANGE);
    }
    exchange.reply(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{}}`);
  }

  #forward(caller: Caller, message: RequestMessage, exchange: Exchange): void {
    const target = this.#target(caller, message);
    if (target instanceof HearthError) exchange.fail(message.id, target);
    else target.server.request(caller, message, exchange, target.rewrites);
  }

  /** The server that a request is for, and what has to be renamed in it. */
  #target(caller: Caller, { method, params }: RequestMessage): { server: ServerRouter; rewrites: Rewrites } | HearthError {
    const ref = objectOf(params?.ref);
    if (params?.task !== undefined) return new HearthError('invalid_params', 'Invalid params: a hub has no tasks; use /servers/<name>/mcp.');
    switch (method) {
      case 'tools/call':
      case 'prompts/get':
        return this.#byName(caller, stringOf(params?.name), ['params', 'name'], method === 'tools/call' ? 'tool' : 'prompt');
      case 'resources/read':
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return this.#byUri(caller, stringOf(params?.uri), ['params', 'uri']);
      case 'completion/complete':
        if (ref?.type === 'ref/prompt') return this.#byName(caller, stringOf(ref.name), ['params', 'ref', 'name'], 'prompt');
        return this.#byUri(caller, stringOf(ref?.uri), ['params', 'ref', 'uri']);
      default:
        return new HearthError('method_not_found', `Method not found: ${method} cannot be sent to all servers; use /servers/<name>/mcp.`);
    }
  }

  #byName(
    caller: Caller,
    shown: string | undefined,
    path: readonly string[],
    what: string,
  ): { server: ServerRouter; rewrites: Rewrites } | HearthError {
    const parts = unqualify(shown ?? '');
    const server = parts && this.#servers.get(parts.server);
    if (!parts || !server || caller.principal?.mayUse(server.name) === false) {
      const known = this.#shownTo(caller)
        .map(({ name }) => name)
        .join(', ');
      return new HearthError('invalid_params', `Unknown ${what}: ${shown}. Names are <server>__<${what}>; servers: ${known}.`);
    }
    const request = [{ path, json: JSON.stringify(parts.name) }];
    return { server, rewrites: what === 'tool' ? { request, tool: parts.name } : { request } };
  }

  #byUri(caller: Caller, shown: string | undefined, path: readonly string[]): { server: ServerRouter; rewrites: Rewrites } | HearthError {
    const owner = ownerOf(shown ?? '', this.#lists.uriSources(caller.principal));
    const server = owner && this.#servers.get(owner.server);
    if (!owner || !server) return new HearthError('invalid_params', `Unknown resource: ${shown}. Name its server like this: <server>+${shown}.`);
    return { server, rewrites: owner.uri === shown ? {} : { request: [{ path, json: JSON.stringify(owner.uri) }] } };
  }

  /** The servers that a caller may know of. */
  #shownTo({ principal }: Caller): ServerRouter[] {
    return shownTo(this.#servers, principal);
  }

  #serverInfo(): JsonObject {
    return { name: 'hearth', title: 'Hearth hub', version: this.version };
  }

  #instructions(caller: Caller): string {
    const parts = this.#shownTo(caller).map((server) => [server.name, stringOf(server.handshake?.initialize.instructions)]);
    return parts
      .filter(([, text]) => text)
      .map(([name, text]) => `# ${name}\n${text}`)
      .join('\n\n');
  }

  /** Once, right after the start: waits for servers that are still in their first attempt, up to the limit. */
  #firstStart(): Promise<void> {
    this.#settling ??= this.#waitForFirstStart();
    return this.#settling;
  }

  async #waitForFirstStart(): Promise<void> {
    const deadline = performance.now() + this.firstListWait;
    while (performance.now() < deadline && [...this.#servers.values()].some((server) => server.starting)) await delay(POLL_MS);
    this.#settled = true;
  }
}
