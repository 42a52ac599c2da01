import { Gate, type GateSettings } from '../admission/gate.js';
import { asHearthError, type HearthError } from '../errors.js';
import { type JsonObject, type NotificationMessage, type RequestMessage, stringOf } from '../protocol/message.js';
import { LATEST_HANDSHAKE_VERSION, negotiate } from '../protocol/versions.js';
import type { Handshake } from '../supervisor/handshake.js';
import { Supervisor, type SupervisorSettings } from '../supervisor/supervisor.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import type { Connect } from '../upstream/upstream.js';
import { Catalog, LIST_KINDS, type ListKind } from './catalog.js';
import type { Children } from './children.js';
import { Link, type LinkSettings } from './link.js';
import type { Rewrites } from './pending.js';
import { PerSession } from './per-session.js';
import { Pool } from './pool.js';
import { Probe } from './probe.js';
import type { Caller, Exchange, Router } from './router.js';
import { answerLocally } from './shared-state.js';

export type Policy = 'shared' | 'pool' | 'per-session';

export interface ServerOptions {
  readonly name: string;
  readonly policy: Policy;
  readonly poolSize: number;
  readonly maxChildren: number;
  /** Client capabilities that hearth offers on behalf of the clients that share a child. */
  readonly offer: JsonObject;
  readonly version: string;
  readonly connect: Connect;
  readonly supervisor: SupervisorSettings;
  readonly link: LinkSettings;
  readonly gate: GateSettings;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly serverMetrics: ServerMetrics;
}

/** What a hub wants to hear from its servers. */
export interface ServerListener {
  /** Lists that differ from what was known. */
  onListsChanged(kinds: readonly ListKind[]): void;
  /** A log record, and which sessions' levels admit it. */
  onLog(raw: string, admits: (caller: Caller) => boolean): void;
}

const LIST_CHANGED: Readonly<Record<string, readonly ListKind[]>> = {
  'notifications/tools/list_changed': ['tools'],
  'notifications/prompts/list_changed': ['prompts'],
  'notifications/resources/list_changed': ['resources', 'resourceTemplates'],
};

/** Serves one MCP server to any number of sessions, by its policy. */
export class ServerRouter implements Router {
  readonly catalog = new Catalog();
  readonly children: Children;
  readonly #gate: Gate;
  readonly #probe: Probe | undefined;
  /** Sessions that see this server bare and therefore get its broadcasts. */
  readonly #callers = new Set<Caller>();
  readonly #listener: ServerListener | undefined;
  #handshake: Handshake | undefined;

  constructor(
    readonly options: ServerOptions,
    listener?: ServerListener,
  ) {
    this.#listener = listener;
    this.#gate = new Gate(options.name, options.gate);
    const isPool = options.policy !== 'per-session';
    this.children = isPool
      ? new Pool(options.policy === 'pool' ? options.poolSize : 1, () => this.#makeLink())
      : new PerSession(options.name, options.maxChildren, (owner) => this.#makeLink(owner));
    if (!isPool)
      this.#probe = new Probe(
        (onReady) => this.#makeProbe(onReady),
        (handshake, child) => this.#learn(handshake, child),
      );
  }

  get name(): string {
    return this.options.name;
  }

  /** The last good handshake of any child. */
  get handshake(): Handshake | undefined {
    return this.#handshake;
  }

  /** Whether a tool call would work now. */
  get ready(): boolean {
    return this.#probe ? this.#probe.ready : this.children.all().some((link) => link.supervisor.state === 'ready');
  }

  /** Whether its first start is still under way. */
  get starting(): boolean {
    return !this.#handshake && this.#supervisors().some(({ state }) => state === 'starting');
  }

  start(): void {
    this.children.start();
    this.#probe?.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.children.stop(), this.#probe?.stop()]);
  }

  /** Ends a `failed` state by hand. */
  reset(): void {
    for (const supervisor of this.#supervisors()) supervisor.reset();
  }

  assertOpen(): void {
    if (this.#handshake) return;
    const hopeless = this.#supervisors().find(({ state }) => state === 'failed' || state === 'backoff' || state === 'stopped');
    if (hopeless) throw hopeless.unavailable();
  }

  async initialize(caller: Caller, params: JsonObject): Promise<JsonObject> {
    this.#callers.add(caller);
    const link = this.children.linkFor(caller);
    if (this.#probe) {
      await link.supervisor.whenReady();
      return (link.supervisor.handshake as Handshake).initialize;
    }
    if (!this.#handshake) await link.supervisor.whenReady();
    const { initialize, protocolVersion } = this.#handshake as Handshake;
    return { ...initialize, protocolVersion: negotiate(stringOf(params.protocolVersion) ?? '', protocolVersion) };
  }

  request(caller: Caller, message: RequestMessage, exchange: Exchange, rewrites?: Rewrites): void {
    try {
      const link = this.children.linkFor(caller);
      const effect = answerLocally(link, caller, message, rewrites);
      if (effect.answer !== undefined) exchange.reply(effect.answer);
      else link.request(caller, effect.message, exchange, effect.rewrites);
    } catch (error) {
      exchange.fail(message.id, asHearthError(error));
    }
  }

  notify(caller: Caller, message: NotificationMessage): void {
    const link = this.children.existing(caller);
    if (!link || message.method === 'notifications/initialized') return;
    if (message.method === 'notifications/cancelled') link.cancel(caller, message);
    // On a shared child one client's roots must not become everybody's (services.md: filesystem).
    else if (this.#probe || message.method !== 'notifications/roots/list_changed') link.notify(message.raw);
  }

  isBusy(caller: Caller): boolean {
    return this.children.existing(caller)?.isBusy(caller) ?? false;
  }

  release(caller: Caller): void {
    this.#callers.delete(caller);
    this.children.release(caller);
  }

  /** For `/status` and `/health`. */
  report(): Record<string, unknown> {
    const { policy, name } = this.options;
    return {
      name,
      policy,
      ready: this.ready,
      serverInfo: this.#handshake?.initialize.serverInfo,
      protocolVersion: this.#handshake?.protocolVersion,
      tools: this.catalog.get('tools').length,
      listAgeSeconds: this.catalog.ageSeconds,
      queue: this.#gate.report(),
      children: this.#supervisors().map((supervisor) => supervisor.report()),
    };
  }

  /** Why the server is not ready. */
  unavailable(): HearthError | undefined {
    return this.ready ? undefined : this.#supervisors()[0]?.unavailable();
  }

  /** Whether any request is being worked on. */
  get busy(): boolean {
    return this.children.all().some((link) => link.busy);
  }

  /** Process ids of the children that run now. */
  pids(): number[] {
    return this.#supervisors().flatMap(({ pid }) => pid ?? []);
  }

  #supervisors(): Supervisor[] {
    const probe = this.#probe?.ready === false ? [this.#probe.supervisor] : [];
    return [...probe, ...this.children.all().map((link) => link.supervisor)];
  }

  #offered(): JsonObject {
    return {
      protocolVersion: LATEST_HANDSHAKE_VERSION,
      capabilities: this.options.offer,
      clientInfo: { name: 'hearth', version: this.options.version },
    };
  }

  #makeLink(owner?: Caller): Link {
    const { name, connect, supervisor, link, log, metrics, serverMetrics } = this.options;
    const made: Link = new Link({
      server: name,
      connect,
      initializeParams: owner?.initializeParams ?? this.#offered(),
      supervisor,
      settings: link,
      gate: this.#gate,
      log,
      metrics,
      serverMetrics,
      ...(owner && { owner }),
      handlers: {
        onReady: (handshake, changed) => void this.#onReady(made, handshake, changed),
        onBroadcast: (message) => void this.#onBroadcast(made, message),
      },
    });
    return made;
  }

  #makeProbe(onReady: (handshake: Handshake) => void): Supervisor {
    const { name, connect, supervisor, log, serverMetrics } = this.options;
    return new Supervisor({
      server: name,
      connect,
      initializeParams: this.#offered(),
      settings: supervisor,
      log: log.with({ probe: true }),
      metrics: serverMetrics,
      handlers: { onReady, onDown: () => {}, onMessage: () => {}, onOversized: () => {}, isBusy: () => false },
    });
  }

  async #onReady(link: Link, handshake: Handshake, changed: boolean): Promise<void> {
    if (changed) this.#broadcast(link, '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
    if (!link.options.owner) await this.#learn(handshake, link.supervisor);
  }

  /** Takes over what a child that is ready offers. */
  async #learn(handshake: Handshake, child: Supervisor): Promise<void> {
    this.#handshake = handshake;
    if (this.#setTools(handshake.tools)) this.#listener?.onListsChanged(['tools']);
    await this.#reload(
      child,
      LIST_KINDS.filter((kind) => kind !== 'tools'),
    );
  }

  #setTools(tools: readonly JsonObject[]): boolean {
    this.options.serverMetrics.setTools(tools.map((tool) => stringOf(tool.name) ?? ''));
    return this.catalog.set('tools', tools);
  }

  #onBroadcast(link: Link, message: NotificationMessage): void {
    const kinds = LIST_CHANGED[message.method];
    this.#broadcast(link, message.raw, kinds ? undefined : message);
    if (link.options.owner) return; // what one session's child says concerns nobody else
    const level = message.params?.level;
    if (kinds) void this.#reload(link.supervisor, kinds);
    else this.#listener?.onLog(message.raw, (caller) => link.levels.admits(caller, level));
  }

  /** To the sessions of this child; log records only to those whose level admits them. */
  #broadcast(link: Link, raw: string, log?: NotificationMessage): void {
    const level = log?.params?.level;
    const { owner } = link.options;
    for (const caller of owner ? [owner] : this.#callers) {
      if (this.children.existing(caller) !== link) continue;
      if (!log || link.levels.admits(caller, level)) caller.send(raw);
    }
  }

  /** Reads lists again. A wrapper needs only the tools; a hub answers every list from here. */
  async #reload(child: Supervisor, wanted: readonly ListKind[]): Promise<void> {
    const kinds = this.#listener ? wanted : wanted.filter((kind) => kind === 'tools');
    const { handshake } = child;
    if (!handshake || kinds.length === 0) return;
    const ask = (method: string, params?: JsonObject): Promise<unknown> => child.ask(method, params, this.options.supervisor.startTimeout);
    const { changed, failed } = await this.catalog.load(kinds, handshake, ask);
    if (changed.includes('tools')) this.#setTools(this.catalog.get('tools'));
    if (failed.length > 0) this.options.log.warn('list_failed', `could not read ${failed.join(', ')}; the last good list stays`);
    if (changed.length > 0) this.#listener?.onListsChanged(changed);
  }
}
