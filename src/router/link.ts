import type { Gate } from '../admission/gate.js';
import { asHearthError, HearthError } from '../errors.js';
import type { JsonObject, Message, NotificationMessage, RequestMessage, ResponseMessage } from '../protocol/message.js';
import type { OversizedLine } from '../protocol/oversized.js';
import { replaceMembers } from '../protocol/splice.js';
import type { Handshake } from '../supervisor/handshake.js';
import { Supervisor, type SupervisorSettings } from '../supervisor/supervisor.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Outcome, ServerMetrics } from '../telemetry/server-metrics.js';
import type { Connect } from '../upstream/upstream.js';
import { type Asker, refusal } from './child-requests.js';
import { FromChild } from './from-child.js';
import { InFlight } from './in-flight.js';
import { LogLevels } from './log-levels.js';
import { outcomeOf, Pending, type Rewrites } from './pending.js';
import { keepAlive } from './progress.js';
import { logRequest } from './request-log.js';
import type { Caller, Exchange } from './router.js';
import { Subscriptions } from './subscriptions.js';

/**
 * The official clients lose a progress notification that they read in one chunk with the reply, since replies overtake
 * notifications inside them. So a reply keeps this distance, in milliseconds, from its request's last progress.
 */
const PROGRESS_GAP_MS = 2;

export interface LinkSettings {
  /** Requests in flight, waiting ones included. */
  readonly maxPending: number;
  /** Time limit of one request, in milliseconds. */
  readonly requestTimeout: number;
  /** Silence after which a request with a progress token gets a sign of life, in milliseconds; 0 for never. */
  readonly keepAliveInterval: number;
}

/** What a link tells the router that owns it. */
export interface LinkHandlers {
  onReady(handshake: Handshake, changed: boolean): void;
  /** A notification for everybody: list_changed, log records. */
  onBroadcast(message: NotificationMessage): void;
}

export interface LinkOptions {
  readonly server: string;
  readonly connect: Connect;
  readonly initializeParams: JsonObject;
  readonly supervisor: SupervisorSettings;
  readonly settings: LinkSettings;
  readonly gate: Gate;
  readonly handlers: LinkHandlers;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly serverMetrics: ServerMetrics;
  /** Set when the child belongs to one session: then everything it says is for that session. */
  readonly owner?: Caller;
}

/**
 * The correlation of one child with its callers. Every request gets a fresh upstream id, and the map from that id
 * is the only way back (routing rule 1; CVE-2026-25536 is what happens otherwise).
 */
export class Link implements Asker {
  readonly supervisor: Supervisor;
  readonly subscriptions = new Subscriptions();
  readonly levels = new LogLevels();
  readonly #inFlight = new InFlight();
  readonly #fromChild: FromChild;
  readonly #keepAlive: NodeJS.Timeout | undefined;
  #toolsSeen: string | undefined;

  constructor(readonly options: LinkOptions) {
    const { server, connect, initializeParams, log, serverMetrics, settings } = options;
    this.#fromChild = new FromChild(this);
    this.supervisor = new Supervisor({
      server,
      connect,
      initializeParams,
      settings: options.supervisor,
      log,
      metrics: serverMetrics,
      handlers: {
        onReady: (handshake) => this.#onReady(handshake),
        onDown: (error) => this.#onDown(error),
        onMessage: (message) => this.#onMessage(message),
        onOversized: (line) => this.#onOversized(line),
        isBusy: () => this.busy,
      },
    });
    if (settings.keepAliveInterval > 0) {
      this.#keepAlive = setInterval(() => keepAlive(this.#inFlight.all(), settings.keepAliveInterval), settings.keepAliveInterval);
    }
  }

  /** Sends a client's request to the child and its answer back. Always ends the exchange. */
  request(caller: Caller, message: RequestMessage, exchange: Exchange, rewrites?: Rewrites): void {
    const { settings, server, gate, serverMetrics } = this.options;
    const pending = new Pending(this.supervisor.nextId(), caller, message, exchange, rewrites);
    if (this.#inFlight.size >= settings.maxPending) {
      pending.fail(new HearthError('overloaded', `Server "${server}" has ${this.#inFlight.size} requests in flight. Try again later.`, server));
      return;
    }
    this.#inFlight.add(pending);
    serverMetrics.requestStarted();
    pending.timer = setTimeout(() => this.#timeOut(pending), settings.requestTimeout);
    try {
      gate.enter(() => this.#dispatch(pending));
    } catch (error) {
      this.#fail(pending, asHearthError(error), 'rpc_error');
    }
  }

  /** The client took a request back. True if it was found here. An id that is in flight twice names neither. */
  cancel(caller: Caller, message: NotificationMessage): boolean {
    const id = JSON.stringify(message.params?.requestId);
    const matches = this.#inFlight.of(caller).filter((pending) => pending.clientId === id);
    const [pending] = matches;
    if (!pending || matches.length > 1) return false;
    if (pending.sent) {
      const json = String(pending.upstreamId);
      this.trySend(replaceMembers(message.raw, message.body, [{ path: ['params', 'requestId'], json }]));
    }
    this.#end(pending, 'cancelled');
    pending.exchange.end();
    return true;
  }

  get busy(): boolean {
    return this.#inFlight.size > 0;
  }

  isBusy(caller: Caller): boolean {
    return this.#inFlight.has(caller);
  }

  /** The session has ended: cancels what it waits for, and gives up what it held. */
  release(caller: Caller): void {
    for (const pending of this.#inFlight.of(caller)) {
      if (pending.sent) this.#sendCancelled(pending, 'the client is gone');
      this.#end(pending, 'cancelled');
    }
    this.#fromChild.release(caller);
    this.levels.release(caller);
    for (const uri of this.subscriptions.release(caller)) {
      void this.#tell('resources/unsubscribe', { uri });
    }
  }

  /** A notification from a client, as it is. Nothing is kept for a child that is not there. */
  notify(raw: string): void {
    if (this.supervisor.state === 'ready') this.trySend(raw);
  }

  /** An answer of a client to a question of this child. */
  answer(raw: string): void {
    this.trySend(raw);
  }

  /** Request `id` of the child cannot be put to any client. */
  refuse(message: RequestMessage, error: HearthError): void {
    this.trySend(refusal(message.id, error));
  }

  /** The callers with a request in the child's hands. */
  activeCallers(): Caller[] {
    const { owner } = this.options;
    return owner ? [owner] : this.#inFlight.activeCallers();
  }

  /** The only request in flight of a caller, whose exchange can carry related messages. */
  soleExchange(caller: Caller): Exchange | undefined {
    const all = this.#inFlight.of(caller);
    return all.length === 1 ? all[0]?.exchange : undefined;
  }

  pendingOf(upstreamId: unknown): Pending | undefined {
    return this.#inFlight.get(upstreamId);
  }

  /** For messages that may be lost with the child. Also before it is ready: it may ask something in its handshake. */
  trySend(raw: string): void {
    try {
      this.supervisor.send(raw);
    } catch (error) {
      this.options.log.debug('child_write_failed', asHearthError(error).message);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#keepAlive);
    await this.supervisor.stop();
  }

  async #dispatch(pending: Pending): Promise<void> {
    try {
      if (!pending.done && this.supervisor.state !== 'ready') await this.supervisor.whenReady();
      if (pending.done) return;
      this.supervisor.send(pending.toUpstream());
      pending.sent = true;
    } catch (error) {
      if (!pending.done) this.#fail(pending, asHearthError(error), 'rpc_error');
    }
    await pending.finished();
  }

  #onMessage(message: Message): void {
    if (message.kind === 'response') this.#onResponse(message);
    else this.#fromChild.receive(message);
  }

  #onResponse(message: ResponseMessage): void {
    const pending = this.pendingOf(message.id);
    if (!pending) {
      // Late (cancelled, timed out), doubled, or made up: nobody may get it.
      this.options.metrics.dropped.inc({ reason: 'unknown_response_id' });
      return;
    }
    const { outcome, code } = outcomeOf(message);
    this.#end(pending, outcome, code);
    if (code === undefined) pending.rewrites?.onResult?.(message);
    const reply = pending.toClient(message);
    if (performance.now() - pending.progressAt > PROGRESS_GAP_MS) pending.exchange.reply(reply);
    else setTimeout(() => pending.exchange.reply(reply), PROGRESS_GAP_MS);
  }

  #onReady(handshake: Handshake): void {
    const tools = JSON.stringify(handshake.tools);
    const changed = this.#toolsSeen !== undefined && this.#toolsSeen !== tools;
    this.#toolsSeen = tools;
    const level = this.levels.mostVerbose();
    if (level !== undefined) void this.#tell('logging/setLevel', { level });
    for (const uri of this.subscriptions.uris()) void this.#tell('resources/subscribe', { uri });
    this.options.handlers.onReady(handshake, changed);
  }

  #onDown(error: HearthError): void {
    for (const pending of this.#inFlight.all()) {
      if (pending.sent || error.code === 'draining') this.#fail(pending, error, 'child_exit');
    }
    this.#fromChild.withdraw();
  }

  #onOversized({ id, bytes, hasMethod }: OversizedLine): void {
    const error = new HearthError(
      'too_large',
      `The server's message of ${bytes} bytes is larger than the limit (--max-message-size).`,
      this.options.server,
    );
    this.options.metrics.dropped.inc({ reason: 'too_large' });
    this.options.log.warn('message_too_large', error.message, { id });
    const pending = hasMethod ? undefined : this.pendingOf(id);
    if (pending) this.#fail(pending, error, 'rpc_error');
    else if (hasMethod && id !== undefined) this.trySend(refusal(id, error));
  }

  #timeOut(pending: Pending): void {
    const { server, settings } = this.options;
    if (pending.sent) this.#sendCancelled(pending, 'time limit reached');
    this.#fail(
      pending,
      new HearthError('timeout', `Server "${server}" did not answer within ${settings.requestTimeout} ms (--request-timeout).`, server),
      'timeout',
    );
  }

  #sendCancelled(pending: Pending, reason: string): void {
    this.trySend(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: pending.upstreamId, reason } }));
  }

  /** A message of hearth's own whose outcome changes nothing. */
  async #tell(method: string, params: JsonObject): Promise<void> {
    if (this.supervisor.state !== 'ready') return;
    await this.supervisor.ask(method, params, this.options.settings.requestTimeout).catch((error: unknown) => {
      this.options.log.debug('own_request_failed', asHearthError(error).message, { method });
    });
  }

  #fail(pending: Pending, error: HearthError, outcome: Outcome): void {
    this.#end(pending, outcome, error.rpc);
    pending.fail(error);
  }

  #end(pending: Pending, outcome: Outcome, code?: number): void {
    this.#inFlight.remove(pending);
    pending.end();
    const seconds = (performance.now() - pending.startedAt) / 1000;
    this.options.serverMetrics.requestEnded(pending.message.method, pending.tool, outcome, seconds, code);
    logRequest(this.options.log, pending, outcome, seconds, code);
  }
}
