import type { Gate } from '../admission/gate.js';
import { Deadlines } from '../deadlines.js';
import { asHearthError, HearthError } from '../errors.js';
import type { NotificationMessage, RequestMessage, ResponseMessage } from '../protocol/message.js';
import { replaceMembers } from '../protocol/splice.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type { Log } from '../telemetry/log.js';
import { LogLimit } from '../telemetry/log-limit.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Outcome } from '../telemetry/outcomes.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import type { Tracing } from '../telemetry/tracing.js';
import { beginTrace, metaOf } from './call-trace.js';
import { InFlight } from './in-flight.js';
import { outcomeOf, Pending, type Rewrites, withGrace } from './pending.js';
import { logRequest } from './request-log.js';
import type { Caller, Exchange } from './router.js';

/**
 * The official clients lose a progress notification that they read in one chunk with the reply, since replies overtake
 * notifications inside them. So a reply keeps this distance, in milliseconds, from its request's last progress.
 */
const PROGRESS_GAP_MS = 5;

/** Records of requests that did not end well in such a time, in milliseconds: a server that fails all the time must not fill the disk. */
const MAX_RECORDS = 1_000;
const RECORDS_MS = 10_000;

/** How often a request that never reached its server is sent, before that is an error too. */
const MAX_DELIVERIES = 3;

export interface CallSettings {
  /** Requests in flight, waiting ones included; of all sessions, and of one. */
  readonly maxPending: number;
  readonly maxPendingPerSession: number;
  /** Time limit of one request without progress, and with it, in milliseconds. */
  readonly requestTimeout: number;
  readonly maxRequestTime: number;
  /** How often a call that may be repeated is sent again after its child died. */
  readonly retries: number;
  /** Whether the server is told the correlation id of each request. */
  readonly correlation: boolean;
  /** How the server is reached. */
  readonly transport: 'pipe' | 'tcp';
}

export interface CallsOptions {
  readonly server: string;
  readonly settings: CallSettings;
  readonly gate: Gate;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly serverMetrics: ServerMetrics;
  readonly tracing?: Tracing | undefined;
  /** Whether a tool is annotated as read-only or idempotent, so that repeating it does no harm (routing rule 6). */
  isRepeatable(tool: string): boolean;
}

/**
 * The client requests of one child, each from arrival to its one outcome. Every request gets a fresh upstream id, and
 * the map from that id is the only way back (routing rule 1; CVE-2026-25536 is what happens otherwise).
 */
export class Calls {
  readonly inFlight = new InFlight();
  readonly #records: LogLimit;
  readonly #limit: Deadlines;

  constructor(
    private readonly supervisor: Supervisor,
    private readonly options: CallsOptions,
  ) {
    this.#records = new LogLimit(MAX_RECORDS, RECORDS_MS, (requests) =>
      options.log.warn('requests_left_out', `${requests} requests that did not end well were left out of the log: too many at once`, { requests }),
    );
    this.#limit = new Deadlines(withGrace(options.settings.requestTimeout));
  }

  /** Sends a request to the child and its answer back. Always ends the exchange. */
  start(caller: Caller, message: RequestMessage, exchange: Exchange, rewrites?: Rewrites): void {
    const { settings, gate, serverMetrics } = this.options;
    const pending = new Pending(this.supervisor.nextId(), caller, message, exchange, rewrites);
    const refusal = this.#overLimit(caller);
    if (refusal) {
      this.#reject(pending, refusal);
      return;
    }
    this.inFlight.add(pending);
    serverMetrics.requestStarted();
    pending.trace = beginTrace(this.options.tracing, this.options.server, settings.transport, pending);
    pending.limit = this.#limit.begin(() => this.#timeOut(pending));
    try {
      pending.leave = gate.enter({ owner: caller, begin: () => this.#dispatch(pending), onExpired: (error) => this.#refuse(pending, error) });
      if (pending.done) pending.leave();
    } catch (error) {
      this.#refuse(pending, asHearthError(error));
    }
  }

  /** The client took a request back. True if it was found here. An id that is in flight twice names neither. */
  cancel(caller: Caller, message: NotificationMessage): boolean {
    const id = message.params?.requestId;
    const matches = this.inFlight.of(caller).filter((pending) => pending.message.id === id);
    const [pending] = matches;
    if (!pending || matches.length > 1) return false;
    if (pending.sent) {
      this.supervisor.trySend(replaceMembers(message.raw, message.body, [{ path: ['params', 'requestId'], json: String(pending.upstreamId) }]));
    }
    this.#end(pending, 'cancelled');
    pending.exchange.end();
    return true;
  }

  /** The session has ended: what it waits for is cancelled, and never dispatched if it was not yet. */
  release(caller: Caller): void {
    for (const pending of this.inFlight.of(caller)) {
      if (pending.sent) this.#sendCancelled(pending, 'the client is gone');
      this.#end(pending, 'cancelled');
      pending.exchange.end();
    }
  }

  /** The child's answer. */
  respond(message: ResponseMessage): void {
    const pending = this.inFlight.get(message.id);
    if (!pending) {
      // Late (cancelled, timed out), doubled, or made up: nobody may get it.
      this.options.metrics.dropped.inc({ reason: 'unknown_response_id' });
      return;
    }
    const { outcome, code } = outcomeOf(message);
    this.options.gate.breaker.success();
    this.#leave(pending);
    if (code === undefined) pending.rewrites?.onResult?.(message);
    const { raw, bytes } = pending.toClient((code === undefined && pending.rewrites?.result?.(message)) || message);
    if (performance.now() - pending.progressAt > PROGRESS_GAP_MS) pending.exchange.reply(raw, bytes);
    else setTimeout(() => pending.exchange.reply(raw, bytes), PROGRESS_GAP_MS);
    this.#account(pending, outcome, code, message.body.result); // last: nobody waits for it
  }

  /** The child reports progress: the time limit begins anew, up to the longest time that any request may take. */
  progressed(pending: Pending): void {
    const { requestTimeout, maxRequestTime } = this.options.settings;
    const now = performance.now();
    pending.heardAt = pending.progressAt = now;
    const left = pending.startedAt + Math.max(requestTimeout, maxRequestTime) - now;
    pending.limit?.end();
    clearTimeout(pending.timer);
    if (left >= requestTimeout) pending.limit = this.#limit.begin(() => this.#timeOut(pending));
    else pending.timer = setTimeout(() => this.#timeOut(pending), withGrace(left));
  }

  /** The child's answer was larger than the limit. */
  tooLarge(id: unknown, error: HearthError): void {
    const pending = this.inFlight.get(id);
    if (!pending) return;
    this.options.gate.breaker.success(); // too much of an answer is one too
    this.#fail(pending, error, 'rpc_error');
  }

  /** The request could not be put to a remote server, or got no answer from it. */
  refused(id: unknown, error: HearthError): void {
    const pending = this.inFlight.get(id);
    if (!pending) return;
    this.#countFailure();
    this.#fail(pending, error, 'rpc_error');
  }

  /** A request never reached the server. */
  undelivered(id: unknown): void {
    const pending = this.inFlight.get(id);
    if (pending) pending.undelivered = true;
  }

  /** The child has died: what it was working on fails at once; what may be repeated waits for the next one. */
  onDown(error: HearthError): void {
    const isStop = error.code === 'draining';
    if (!isStop && this.inFlight.size > 0) this.#countFailure();
    for (const pending of this.inFlight.all()) {
      if (!pending.sent && !isStop) continue;
      if (!isStop && this.#mayRepeat(pending)) this.#repeat(pending);
      else this.#fail(pending, error, 'child_exit');
    }
  }

  /** At once, unless the server has to be waited for. */
  #dispatch(pending: Pending): void {
    if (pending.done) return;
    if (this.supervisor.state === 'ready') this.#send(pending);
    else
      this.supervisor
        .whenReady()
        .then(() => this.#send(pending))
        .catch((error: unknown) => this.#undeliverable(pending, error));
  }

  #send(pending: Pending): void {
    if (pending.done) return;
    try {
      this.supervisor.send(pending.toUpstream(metaOf(pending, this.options.settings.correlation)));
      pending.sent = true;
      pending.trace?.sent();
    } catch (error) {
      this.#undeliverable(pending, error);
    }
  }

  #undeliverable(pending: Pending, error: unknown): void {
    if (!pending.done) this.#fail(pending, asHearthError(error), 'rpc_error');
  }

  #mayRepeat({ tool, attempts, undelivered }: Pending): boolean {
    if (undelivered) return attempts < MAX_DELIVERIES;
    return tool !== undefined && attempts < this.options.settings.retries && this.options.isRepeatable(tool);
  }

  #repeat(pending: Pending): void {
    pending.attempts++;
    pending.sent = false;
    pending.undelivered = false;
    // Not before the supervisor has left the state in which it tells of the death.
    queueMicrotask(() => this.#dispatch(pending));
  }

  #overLimit(caller: Caller): HearthError | undefined {
    const { server, settings } = this.options;
    if (this.inFlight.size >= settings.maxPending) {
      return new HearthError(
        'overloaded',
        `Server "${server}" has ${this.inFlight.size} requests in flight (limits.pending). Try again later.`,
        server,
      );
    }
    if (this.inFlight.count(caller) < settings.maxPendingPerSession) return undefined;
    const limit = settings.maxPendingPerSession;
    return new HearthError(
      'overloaded',
      `This session has ${limit} requests in flight at "${server}" (limits.pendingPerSession). Try again later.`,
      server,
    );
  }

  #timeOut(pending: Pending): void {
    const { server, settings } = this.options;
    if (pending.sent) {
      this.#sendCancelled(pending, 'time limit reached');
      void this.supervisor.suspect(pending.startedAt);
      this.#countFailure(); // one that only waited for its turn says nothing about the server
    }
    const error = new HearthError('timeout', `Server "${server}" did not answer within ${settings.requestTimeout} ms (--request-timeout).`, server);
    this.#fail(pending, error, 'timeout');
  }

  #countFailure(): void {
    const { gate, log } = this.options;
    if (gate.breaker.failure()) log.warn('breaker_open', 'too many failures in a row: requests fail at once for a while');
  }

  #sendCancelled({ upstreamId }: Pending, reason: string): void {
    this.supervisor.trySend(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: upstreamId, reason } }));
  }

  /** Admission refuses a request that was counted already. */
  #refuse(pending: Pending, error: HearthError): void {
    this.#end(pending, 'rpc_error', error.rpc);
    this.#reject(pending, error);
  }

  #reject(pending: Pending, error: HearthError): void {
    this.options.metrics.rejected.inc({ reason: error.code });
    pending.fail(error);
  }

  #fail(pending: Pending, error: HearthError, outcome: Outcome): void {
    this.#end(pending, outcome, error.rpc);
    pending.fail(error);
  }

  #end(pending: Pending, outcome: Outcome, code?: number): void {
    this.#leave(pending);
    this.#account(pending, outcome, code);
  }

  /** Nothing is held for it any more. */
  #leave(pending: Pending): void {
    this.inFlight.remove(pending);
    pending.end();
  }

  #account(pending: Pending, outcome: Outcome, code?: number, result?: unknown): void {
    pending.trace?.ended(outcome, code, result);
    const seconds = (performance.now() - pending.startedAt) / 1000;
    this.options.serverMetrics.requestEnded(pending.message.method, pending.tool, outcome, seconds, code);
    logRequest(this.options.log, this.#records, pending, outcome, seconds, code);
  }
}
