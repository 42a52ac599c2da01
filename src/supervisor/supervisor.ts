import { setTimeout as delay } from 'node:timers/promises';
import { HearthError, reasonOf } from '../errors.js';
import type { Id, JsonObject, Message } from '../protocol/message.js';
import type { OversizedLine } from '../protocol/oversized.js';
import type { ClosedReason, Upstream } from '../upstream/upstream.js';
import { enveloped, envelopeFrom, type Handshake, shakeHands } from './handshake.js';
import { Heartbeat } from './heartbeat.js';
import type { SupervisorOptions } from './options.js';
import { OwnRequests } from './own-requests.js';
import { Restarts } from './restarts.js';
import { HOPELESS, RESETTABLE, type State, unavailableError } from './state.js';
import { Waiters } from './waiters.js';

/** Longer than a child's exit needs to be told, in milliseconds. */
const EXIT_NEWS_MS = 250;

/**
 * Keeps one MCP server alive: starts it, proves by a handshake that it works, restarts it with backoff, gives up
 * when restarting does not help, and ends it. Whoever sends to it may wait for it to be ready, never for ever.
 */
export class Supervisor {
  #state: State = 'idle';
  #upstream: Upstream | undefined;
  #handshake: Handshake | undefined;
  #lastError: HearthError | undefined;
  #lastWords: string | undefined;
  #startedAt = 0;
  #downSince = 0;
  #timer: NodeJS.Timeout | undefined;
  #nextId = 1;
  readonly #own = new OwnRequests(
    (raw) => this.send(raw),
    () => this.nextId(),
  );
  readonly #waiters = new Waiters();
  readonly #restarts: Restarts;
  readonly #heartbeat: Heartbeat;
  #closing: Promise<void> = Promise.resolve();

  constructor(private readonly options: SupervisorOptions) {
    const { settings, handlers } = options;
    this.#restarts = new Restarts(settings);
    this.#heartbeat = new Heartbeat(settings.heartbeatInterval, {
      isBusy: () => handlers.isBusy(),
      ping: () => this.#ping(),
      onUnresponsive: (why) => this.#fail(new HearthError('unavailable', why), 'unresponsive'),
    });
  }

  get state(): State {
    return this.#state;
  }

  /** The last good handshake; it outlives the child, so that a restart is invisible to new sessions. */
  get handshake(): Handshake | undefined {
    return this.#handshake;
  }

  /** Whether waiting for it makes no sense: it was given up or ended, or has failed more than once in a row. */
  get isHopeless(): boolean {
    return HOPELESS.has(this.#state) || (this.#state === 'backoff' && this.#restarts.inARow > 1);
  }

  /** Whether its very first start is still under way. */
  get isFirstStart(): boolean {
    return this.#state === 'starting' && this.#restarts.total === 0;
  }

  get pid(): number | undefined {
    return this.#upstream?.pid;
  }

  /** Why it failed last, by the reasons of `mcp_child_restarts_total`, until it works again. */
  get lastFailure(): string | undefined {
    return this.#restarts.lastReason;
  }

  /** For `/status`. */
  report(): Record<string, unknown> {
    return {
      state: this.#state,
      pid: this.pid,
      restarts: this.#restarts.total,
      uptimeSeconds: this.#state === 'ready' ? Math.round((performance.now() - this.#startedAt) / 1000) : undefined,
      error: this.#state === 'ready' ? undefined : this.#lastError?.message,
      lastWords: this.#state === 'ready' ? undefined : this.#lastWords,
    };
  }

  /** Ids are shared by everybody who sends to this server, so that no two requests on the wire are alike. */
  nextId(): number {
    return this.#nextId++;
  }

  /** Begins, if it has not begun. */
  start(): void {
    if (this.#state !== 'idle') return;
    this.#downSince = performance.now(); // not when it was made: a lazy start has its full wait
    void this.#attempt();
  }

  /** Ends a `failed` state or a backoff at once, and forgets past failures. */
  reset(): void {
    if (!RESETTABLE.has(this.#state)) return;
    clearTimeout(this.#timer);
    this.#restarts.forget();
    this.#downSince = performance.now();
    this.options.log.info('child_reset', 'restart counters were reset by hand');
    void this.#attempt();
  }

  /** Ends the child for good. Resolves when nothing of it is left. Idempotent. */
  async stop(): Promise<void> {
    if (this.#state !== 'stopped') {
      const error = new HearthError('draining', `Server "${this.options.server}" is stopping.`, this.options.server);
      clearTimeout(this.#timer);
      this.#release(error);
      this.#setState('stopped');
      this.#waiters.release(error);
      this.options.handlers.onDown(error);
    }
    await this.#closing;
  }

  /**
   * Resolves when a message can be sent. Waits only while there is reason to hope: during a start, or after a
   * crash of a server that worked, and never longer than `readyWait` from the start of the outage.
   * @throws HearthError `unavailable` at once in every other case
   */
  whenReady(): Promise<void> {
    if (this.#state === 'ready') return Promise.resolve();
    this.start();
    const left = this.#downSince + this.options.settings.readyWait - performance.now();
    if (this.isHopeless || left <= 0) return Promise.reject(this.unavailable());
    return this.#waiters.wait(left, () => this.unavailable());
  }

  /** @throws HearthError when the server does not read, or is not there */
  send(raw: string): void {
    if (!this.#upstream) throw this.unavailable();
    this.#upstream.send(raw);
  }

  /** For messages that may be lost with the child. Also before it is ready: it may ask something in its handshake. */
  trySend(raw: string): void {
    try {
      this.send(raw);
    } catch (error) {
      this.options.log.debug('child_write_failed', reasonOf(error));
    }
  }

  /** A request of hearth's own in the words of the server's era. @throws HearthError as `OwnRequests.ask` */
  ask(method: string, params: JsonObject | undefined, timeoutMs: number): Promise<unknown> {
    return this.#own.ask(method, this.#isModern ? enveloped(params, envelopeFrom(this.options.initializeParams)) : params, timeoutMs);
  }

  /** A request that was made at `since` (monotonic clock) has reached its time limit: see `Heartbeat.suspect`. */
  suspect(since: number): Promise<void> {
    return this.#heartbeat.suspect(since);
  }

  /** Why the server cannot be reached now, for a client. */
  unavailable(): HearthError {
    return unavailableError(this.options.server, this.#state, this.#lastError);
  }

  get #isModern(): boolean {
    return this.#handshake?.era === 'modern';
  }

  /** The modern era has no ping; every server of it can be discovered. */
  #ping(): Promise<unknown> {
    return this.ask(this.#isModern ? 'server/discover' : 'ping', undefined, this.options.settings.heartbeatTimeout);
  }

  async #attempt(): Promise<void> {
    this.#setState('starting'); // before the wait, so that no second attempt begins meanwhile
    await this.#closing;
    if (this.#state === 'stopped') return;
    const needs = this.options.needs?.();
    if (needs !== undefined) {
      this.#lack(needs);
      return;
    }
    this.#startedAt = performance.now();
    const { initializeParams, settings, metrics } = this.options;
    const deadline = this.#startedAt + settings.startTimeout;
    let upstream: Upstream;
    try {
      upstream = this.#connect();
    } catch (error) {
      this.#fail(new HearthError('unavailable', reasonOf(error)), 'spawn_error');
      return;
    }
    this.#upstream = upstream;
    metrics.childStarting();
    try {
      const ask = (method: string, params?: JsonObject): Promise<unknown> => this.#own.ask(method, params, Math.max(1, deadline - performance.now()));
      const confirm = (): void => this.send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
      this.#becomeReady(upstream, await shakeHands(ask, confirm, initializeParams, this.options.era));
    } catch (error) {
      // Who writes to a process that has just ended learns it a moment before its exit code is known.
      if (error instanceof HearthError && error.code === 'child_exited') await delay(EXIT_NEWS_MS);
      if (this.#upstream === upstream) this.#fail(new HearthError('unavailable', reasonOf(error)), 'start_failed');
    }
  }

  /** It cannot be started before somebody configures it. Looks again now and then: a secret may come into its store. */
  #lack(needs: string): void {
    const { log, settings } = this.options;
    if (this.#lastError?.message !== needs) log.warn('needs_config', needs);
    this.#lastError = new HearthError('unavailable', needs);
    this.#setState('needs-config');
    this.#waiters.release(this.unavailable());
    this.#timer = setTimeout(() => void this.#attempt(), settings.retryFailed);
  }

  #connect(): Upstream {
    const isCurrent = (): boolean => this.#upstream === upstream;
    const upstream = this.options.connect({
      onMessage: (message) => isCurrent() && this.#onMessage(message),
      onOversized: (line) => isCurrent() && this.#onOversized(line),
      onUndelivered: (id) => isCurrent() && this.options.handlers.onUndelivered(id),
      onRefused: (id, error) => isCurrent() && this.#onRefused(id, error),
      onClosed: (reason) => isCurrent() && this.#onClosed(reason),
    });
    return upstream;
  }

  #becomeReady(upstream: Upstream, handshake: Handshake): void {
    if (this.#upstream !== upstream) return;
    const { handlers, log, metrics } = this.options;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#handshake = handshake;
    this.#restarts.succeeded();
    this.#setState('ready');
    metrics.childReady(seconds);
    this.#heartbeat.start();
    log.info('child_ready', `ready after ${seconds.toFixed(2)} s with ${handshake.tools.length} tools`, { pid: upstream.pid });
    handlers.onReady(handshake);
    this.#waiters.release();
  }

  #onMessage(message: Message): void {
    this.#heartbeat.seen();
    if (message.kind === 'response' && this.#own.settle(message)) return;
    this.options.handlers.onMessage(message);
  }

  #onOversized(line: OversizedLine): void {
    this.#heartbeat.seen();
    if (!line.hasMethod && typeof line.id === 'number') {
      this.#own.fail(new HearthError('too_large', `the answer of ${line.bytes} bytes is larger than the limit`), line.id);
    }
    this.options.handlers.onOversized(line);
  }

  #onRefused(id: Id, error: HearthError): void {
    if (typeof id === 'number') this.#own.fail(error, id);
    this.options.handlers.onRefused(id, error);
  }

  #onClosed(reason: ClosedReason): void {
    this.#lastWords = reason.lastWords;
    this.#fail(new HearthError('child_exited', reason.text), reason.kind);
  }

  /** The one way down from `starting` and `ready`: frees the upstream, tells everybody, and plans what is next. */
  #fail(cause: HearthError, reason: string): void {
    const { server, handlers, log, metrics } = this.options;
    if (this.#state === 'ready') this.#downSince = performance.now();
    this.#lastError = cause;
    metrics.restarted(reason);
    this.#release(cause);
    const { hopeful, delay, text } = this.#restarts.plan(reason);
    log[hopeful ? 'warn' : 'error'](hopeful ? 'child_down' : 'child_failed', `${cause.message}; ${text}`, { reason, lastWords: this.#lastWords });
    this.#setState(hopeful ? 'backoff' : 'failed');
    handlers.onDown(new HearthError('child_exited', `Server "${server}" failed while it worked on this: ${cause.message}.`, server));
    if (this.#restarts.inARow > 1 || !hopeful) this.#waiters.release(this.unavailable());
    this.#timer = setTimeout(() => void this.#attempt(), delay);
  }

  #release(error: HearthError): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    this.#heartbeat.stop();
    if (this.#state === 'ready') this.options.metrics.childNotReady();
    if (upstream) {
      this.options.metrics.childGone();
      this.#closing = upstream.close();
    }
    this.#own.fail(error);
  }

  #setState(state: State): void {
    this.options.log.debug('child_state', `${this.#state} -> ${state}`, { state });
    this.#state = state;
  }
}
