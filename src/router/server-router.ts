import { Gate, type GateReport } from '../admission/gate.js';
import { ReadCache } from '../admission/read-cache.js';
import { asHearthError, type HearthError } from '../errors.js';
import { META } from '../protocol/envelope.js';
import { type JsonObject, type NotificationMessage, type RequestMessage, stringOf } from '../protocol/message.js';
import { modernCapabilities } from '../protocol/modern-result.js';
import { negotiate, STATELESS_VERSIONS } from '../protocol/versions.js';
import type { Handshake } from '../supervisor/handshake.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import { Audience } from './audience.js';
import { audited } from './audit.js';
import { type Catalog, LIST_CHANGED, type ListKind } from './catalog.js';
import { CheckCalls } from './check-call.js';
import { isKeyed, Legs } from './legs.js';
import type { Link } from './link.js';
import { LinkFactory } from './link-factory.js';
import { Offering } from './offering.js';
import { type Rewrites, toolOf } from './pending.js';
import type { Probe } from './probe.js';
import { ReadPath } from './read-path.js';
import type { Caller, Exchange, Router } from './router.js';
import { callRefusal, mayKnow, scopedList } from './scope.js';
import type { ServerOptions } from './server-options.js';
import { answerLocally } from './shared-state.js';
import { ToolGuard } from './tool-guard.js';

/** What a hub wants to hear from its servers. */
export interface ServerListener {
  /** Lists that differ from what was known. */
  onListsChanged(kinds: readonly ListKind[]): void;
  /** A log record, and which sessions' levels admit it. */
  onLog(raw: string, admits: (caller: Caller) => boolean): void;
}

/** Serves one MCP server to any number of sessions, by its policy. */
export class ServerRouter implements Router {
  readonly #legs: Legs;
  readonly #offering: Offering;
  readonly #guard: ToolGuard;
  readonly #gate: Gate;
  readonly #cache: ReadCache;
  readonly #reads: ReadPath;
  readonly #probe: Probe | undefined;
  /** Calls of hearth's own. */
  readonly checks: CheckCalls;
  readonly #audience = new Audience((caller) => this.existing(caller));
  readonly #listener: ServerListener | undefined;

  constructor(
    readonly options: ServerOptions,
    listener?: ServerListener,
  ) {
    this.#listener = listener;
    this.#guard = new ToolGuard(options.name, options.tools, (name) => this.tool(name), options.log);
    this.#offering = new Offering({
      admits: (tool) => this.#guard.admits(tool),
      log: options.log,
      metrics: options.serverMetrics,
      listTimeout: options.supervisor.startTimeout,
      onChanged: listener && ((kinds) => listener.onListsChanged(kinds)),
    });
    this.#gate = new Gate(options.name, options.gate);
    this.#cache = new ReadCache(options.cache);
    this.#reads = new ReadPath(this.#cache);
    const factory = new LinkFactory(options, this.#gate, this.#offering, {
      onReady: (link, handshake, changed) => void this.#onReady(link, handshake, changed),
      onBroadcast: (link, message) => this.#onBroadcast(link, message),
    });
    this.#legs = new Legs(options, factory);
    this.checks = new CheckCalls(options.policy === 'per-session', this.#legs.main, factory);
    if (options.policy === 'per-session' && !isKeyed(options)) this.#probe = factory.probe();
  }

  get name(): string {
    return this.options.name;
  }

  /** The last good handshake of any child. */
  get handshake(): Handshake | undefined {
    return this.#offering.handshake;
  }

  /** Its last good lists. */
  get catalog(): Catalog {
    return this.#offering.catalog;
  }

  /** Whether a tool call would work now. */
  get ready(): boolean {
    if (isKeyed(this.options)) return true; // whether a start succeeds depends on what the client brings
    return this.#probe ? this.#probe.ready : this.#legs.main.all().some((link) => link.supervisor.state === 'ready');
  }

  /** Whether its first start is still under way: up to the handshake, and in a hub until every list is there. */
  get starting(): boolean {
    if (this.handshake) return this.#listener !== undefined && !this.#offering.isComplete;
    return this.#supervisors().some(({ isFirstStart }) => isFirstStart);
  }

  start(): void {
    this.#legs.main.start();
    this.#probe?.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#legs.stop(), this.#probe?.stop(), this.checks.stop()]);
  }

  /** Ends a `failed` state or an open breaker by hand, and forgets cached answers. */
  reset(): void {
    this.#gate.breaker.reset();
    this.#cache.clear();
    for (const supervisor of this.#supervisors()) supervisor.reset();
  }

  assertOpen(): void {
    if (this.handshake || isKeyed(this.options)) return; // one client's bad credentials are not another's
    const hopeless = this.#supervisors().find(({ isHopeless }) => isHopeless);
    if (hopeless) throw hopeless.unavailable();
  }

  async initialize(caller: Caller, params: JsonObject): Promise<JsonObject> {
    const link = this.#linkFor(caller);
    const isOwn = this.#probe !== undefined;
    const known = isOwn || isKeyed(this.options) ? undefined : this.handshake;
    if (!known) await link.supervisor.whenReady();
    const { initialize, protocolVersion, era } = known ?? (link.supervisor.handshake as Handshake);
    this.join(caller);
    if (isOwn && era === 'legacy') return initialize; // it was negotiated with this very client
    return { ...initialize, protocolVersion: negotiate(stringOf(params.protocolVersion) ?? '', protocolVersion) };
  }

  async discover(caller: Caller): Promise<JsonObject> {
    await this.#settle(caller);
    const { supervisor } = this.#linkFor(caller);
    if (!supervisor.handshake) await supervisor.whenReady();
    const { discover, capabilities, initialize } = supervisor.handshake as Handshake;
    const { serverInfo, instructions } = initialize;
    const own = discover ?? { capabilities, ...(instructions !== undefined && { instructions }), _meta: { [META.serverInfo]: serverInfo } };
    return { ...own, supportedVersions: STATELESS_VERSIONS, capabilities: modernCapabilities(capabilities) };
  }

  join(caller: Caller): void {
    this.#audience.add(caller);
  }

  tool(name: string): JsonObject | undefined {
    return this.#offering.tool(name);
  }

  request(caller: Caller, message: RequestMessage, back: Exchange, rewrites?: Rewrites): void {
    const { audit } = this.options;
    const tool = audit && toolOf(message, rewrites);
    const exchange = audit && tool !== undefined ? audited(audit, caller, message, tool, back) : back;
    const refusal = callRefusal(caller, message);
    const isSettled = caller.era === 'legacy' || this.#legs.settled;
    if (refusal) exchange.fail(message.id, refusal);
    else if (isSettled && this.#guard.isReady(message, rewrites)) this.#request(caller, message, exchange, rewrites);
    else void this.#requestLater(caller, message, exchange, rewrites);
  }

  /** Once it is known who serves the request, and that it may be made. */
  async #requestLater(caller: Caller, message: RequestMessage, exchange: Exchange, rewrites?: Rewrites): Promise<void> {
    try {
      if (caller.era === 'modern') await this.#settle(caller);
      while (!this.#guard.isReady(message, rewrites)) await this.#guard.prepare(message, rewrites); // a list may change meanwhile
      if (!caller.closed) this.#request(caller, message, exchange, rewrites);
    } catch (error) {
      exchange.fail(message.id, asHearthError(error));
    }
  }

  #request(caller: Caller, message: RequestMessage, exchange: Exchange, rewrites?: Rewrites): void {
    try {
      const refusal = this.#guard.refusal(message, rewrites);
      if (refusal) {
        exchange.fail(message.id, refusal);
        return;
      }
      const link = this.#linkFor(caller);
      const shown = message.method === 'tools/list' ? scopedList(caller, this.#guard.listed(rewrites)) : rewrites;
      const effect = answerLocally(link, caller, message, shown);
      if (effect.answer !== undefined) {
        exchange.reply(effect.answer);
        return;
      }
      const make = (back: Exchange): void => link.request(caller, effect.message, back, effect.rewrites);
      // With children of their own or by credentials, sessions may see different answers.
      const isShared = !this.#probe && !isKeyed(this.options);
      const key = !isShared ? undefined : this.#reads.keyOf(message, toolOf(message, effect.rewrites), (tool) => this.#offering.annotations(tool));
      if (key === undefined) make(exchange);
      else this.#reads.run(key, { caller, message, exchange, make });
    } catch (error) {
      exchange.fail(message.id, asHearthError(error));
    }
  }

  notify(caller: Caller, message: NotificationMessage): void {
    const link = this.existing(caller);
    if (!link || message.method === 'notifications/initialized') return;
    if (message.method === 'notifications/cancelled') void (link.cancel(caller, message) || this.#reads.cancel(caller, message));
    // On a shared child one client's roots must not become everybody's (services.md: filesystem).
    else if (!link.isModern && (this.#probe || message.method !== 'notifications/roots/list_changed')) link.notify(message.raw);
  }

  isBusy(caller: Caller): boolean {
    return this.#reads.isBusy(caller) || (this.existing(caller)?.isBusy(caller) ?? false);
  }

  release(caller: Caller): void {
    this.#audience.delete(caller);
    this.#reads.release(caller); // first, so that it does not take the place of its own call
    this.#legs.release(caller);
  }

  /** The child that serves a caller, if it has one. */
  existing(caller: Caller): Link | undefined {
    return this.#legs.of(caller).existing(caller);
  }

  /** For `/status` and `/health`. */
  report(): Record<string, unknown> {
    const { policy, name } = this.options;
    return {
      name,
      policy,
      ready: this.ready,
      serverInfo: this.handshake?.initialize.serverInfo,
      protocolVersion: this.handshake?.protocolVersion,
      tools: this.catalog.get('tools').length,
      listAgeSeconds: this.catalog.ageSeconds,
      queue: this.#gate.report(),
      ...(this.#cache.enabled && { cache: this.#cache.report() }),
      children: this.#supervisors().map((supervisor) => supervisor.report()),
    };
  }

  /** The reason of the last failure of its children, while it is not ready. */
  get failure(): string | undefined {
    return this.ready ? undefined : this.#supervisors()[0]?.lastFailure;
  }

  /** Why the server is not ready. */
  unavailable(): HearthError | undefined {
    return this.ready ? undefined : this.#supervisors()[0]?.unavailable();
  }

  /** Whether any request is being worked on. */
  get busy(): boolean {
    return this.#legs.all().some((link) => link.busy);
  }

  /** Who waits for a place, and the state of the circuit breaker. */
  admission(): GateReport {
    return this.#gate.report();
  }

  /** Process ids of the children that run now. */
  pids(): number[] {
    return this.#supervisors().flatMap(({ pid }) => pid ?? []);
  }

  #linkFor(caller: Caller): Link {
    return this.#legs.of(caller).linkFor(caller);
  }

  /** Until it is known which children serve requests of the modern era. @throws HearthError `unavailable` */
  async #settle(caller: Caller): Promise<void> {
    if (this.#legs.settled) return;
    const known = this.handshake ?? (await this.#firstHandshake(caller));
    await this.#legs.settle(caller, known);
  }

  async #firstHandshake(caller: Caller): Promise<Handshake> {
    const supervisor = this.#probe?.supervisor ?? this.#legs.main.linkFor(caller).supervisor;
    await supervisor.whenReady();
    return supervisor.handshake as Handshake;
  }

  #supervisors(): Supervisor[] {
    const probe = this.#probe?.ready === false ? [this.#probe.supervisor] : [];
    return [...probe, ...this.#legs.all().map((link) => link.supervisor)];
  }

  async #onReady(link: Link, handshake: Handshake, changed: boolean): Promise<void> {
    if (changed) this.#audience.tell(link, '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
    if (!link.options.owner && !this.#legs.isModernOnly(link)) await this.#offering.learn(handshake, link.supervisor);
  }

  #onBroadcast(link: Link, message: NotificationMessage): void {
    const kinds = LIST_CHANGED[message.method];
    this.#audience.tell(link, message.raw, kinds ? undefined : message);
    if (link.options.owner || this.#legs.isModernOnly(link)) return; // what one session's child says concerns nobody else
    const level = message.params?.level;
    // Only to sessions of this child: another one's may have other credentials.
    const admits = (caller: Caller): boolean => this.existing(caller) === link && mayKnow(caller, this.name) && link.levels.admits(caller, level);
    if (kinds) void this.#offering.reload(link.supervisor, kinds);
    else this.#listener?.onLog(message.raw, admits);
  }
}
