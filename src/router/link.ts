import { asHearthError, errorReply, HearthError } from '../errors.js';
import { withoutEnvelope } from '../protocol/envelope.js';
import type { JsonObject, Message, NotificationMessage, RequestMessage } from '../protocol/message.js';
import type { OversizedLine } from '../protocol/oversized.js';
import type { Era } from '../protocol/versions.js';
import type { Handshake } from '../supervisor/handshake.js';
import type { SupervisorSettings } from '../supervisor/options.js';
import { Supervisor } from '../supervisor/supervisor.js';
import type { Connect } from '../upstream/upstream.js';
import { Bridge } from './bridge.js';
import { type CallSettings, Calls, type CallsOptions } from './calls.js';
import { FromChild, type Origin } from './from-child.js';
import { LogLevels } from './log-levels.js';
import type { Rewrites } from './pending.js';
import { keepAlive } from './progress.js';
import type { Caller, Exchange } from './router.js';
import { Subscriptions } from './subscriptions.js';
import { Tasks } from './tasks.js';
import { UpstreamListens } from './upstream-listens.js';

export interface LinkSettings extends CallSettings {
  /** Silence after which a request with a progress token gets a sign of life, in milliseconds; 0 for never. */
  readonly keepAliveInterval: number;
}

/** What a link tells the router that owns it. */
export interface LinkHandlers {
  onReady(handshake: Handshake, changed: boolean): void;
  /** A notification for everybody: list_changed, log records. */
  onBroadcast(message: NotificationMessage): void;
}

export interface LinkOptions extends CallsOptions {
  readonly connect: Connect;
  readonly needs?: (() => string | undefined) | undefined;
  readonly initializeParams: JsonObject;
  /** Of the server; `auto` finds out. */
  readonly era: Era | 'auto';
  readonly supervisor: SupervisorSettings;
  readonly settings: LinkSettings;
  readonly handlers: LinkHandlers;
  /** Set when the child belongs to one session: then everything it says is for that session. */
  readonly owner?: Caller;
}

/** One child and its callers: what they call, what they share, and what it says to them. */
export class Link implements Origin {
  readonly supervisor: Supervisor;
  readonly calls: Calls;
  readonly subscriptions = new Subscriptions();
  readonly levels = new LogLevels();
  readonly tasks = new Tasks();
  readonly #fromChild: FromChild;
  readonly #bridge: Bridge;
  readonly #listens: UpstreamListens;
  readonly #keepAlive: NodeJS.Timeout | undefined;
  #toolsSeen: string | undefined;

  constructor(readonly options: LinkOptions) {
    const { server, connect, initializeParams, era, log, serverMetrics, settings } = options;
    this.#fromChild = new FromChild(this);
    this.supervisor = new Supervisor({
      server,
      connect,
      needs: options.needs,
      initializeParams,
      era,
      settings: options.supervisor,
      log,
      metrics: serverMetrics,
      handlers: {
        onReady: (handshake) => this.#onReady(handshake),
        onDown: (error) => this.#onDown(error),
        onMessage: (message) => this.#onMessage(message),
        onOversized: (line) => this.#onOversized(line),
        onUndelivered: (id) => this.calls.undelivered(id),
        onRefused: (id, error) => this.calls.refused(id, error),
        isBusy: () => this.busy,
      },
    });
    this.calls = new Calls(this.supervisor, options);
    this.#bridge = new Bridge(this.calls, this.levels);
    this.#listens = new UpstreamListens(this.supervisor, initializeParams);
    const { keepAliveInterval } = settings;
    if (keepAliveInterval > 0) {
      this.#keepAlive = setInterval(() => keepAlive(this.calls.inFlight.all(), keepAliveInterval), keepAliveInterval);
    }
  }

  /** Whether the server is of the modern era, as far as is known. */
  get isModern(): boolean {
    return (this.supervisor.handshake?.era ?? this.options.era) === 'modern';
  }

  request(caller: Caller, message: RequestMessage, exchange: Exchange, rewrites?: Rewrites): void {
    if (this.isModern && caller.era === 'legacy') {
      this.#bridge.request(caller, message, exchange, rewrites);
      return;
    }
    if (caller.logLevel !== undefined && this.setLevel(caller, caller.logLevel) === 'changed') this.#tellLevel();
    this.calls.start(caller, this.isModern || caller.era === 'legacy' ? message : withoutEnvelope(message), exchange, rewrites);
  }

  /** The client took a request back. True if it was found here. */
  cancel(caller: Caller, message: NotificationMessage): boolean {
    return this.calls.cancel(caller, message) || this.#bridge.cancel(caller, message);
  }

  /** Notes the level of one caller. @returns whether the server must hear of it; servers of the modern era get it with each request */
  setLevel(caller: Caller, level: unknown): 'unknown' | 'same' | 'changed' {
    const before = this.levels.mostVerbose();
    if (!this.levels.set(caller, level)) return 'unknown';
    return this.isModern || this.levels.mostVerbose() === before ? 'same' : 'changed';
  }

  /** @returns whether the server has taken note already, so that it need not be asked */
  subscribe(uri: string, caller: Caller, shownAs: string): boolean {
    const isNew = !this.subscriptions.has(uri);
    if (isNew && !this.isModern) return false;
    this.subscriptions.add(uri, caller, shownAs);
    if (isNew) this.#listens.add(uri);
    return true;
  }

  /** @returns whether the server need not be asked */
  unsubscribe(uri: string, caller: Caller): boolean {
    const wasLast = this.subscriptions.remove(uri, caller);
    if (wasLast && this.isModern) this.#listens.remove(uri);
    return this.isModern || (!wasLast && this.subscriptions.has(uri));
  }

  get busy(): boolean {
    return this.calls.inFlight.size > 0 || this.#bridge.busy;
  }

  isBusy(caller: Caller): boolean {
    return this.calls.inFlight.has(caller) || this.#bridge.isBusy(caller);
  }

  /** The session has ended: cancels what it waits for, and gives up what it held. */
  release(caller: Caller): void {
    this.calls.release(caller);
    this.#bridge.release(caller);
    this.#fromChild.release(caller);
    this.levels.release(caller);
    for (const taskId of this.tasks.release(caller)) void this.#tell('tasks/cancel', { taskId });
    for (const uri of this.subscriptions.release(caller)) {
      if (this.isModern) this.#listens.remove(uri);
      else void this.#tell('resources/unsubscribe', { uri });
    }
  }

  /** A notification from a client, as it is. Nothing is kept for a child that is not there. */
  notify(raw: string): void {
    if (this.supervisor.state === 'ready') this.supervisor.trySend(raw);
  }

  /** An answer of a client to a question of this child. */
  answer(raw: string): void {
    this.supervisor.trySend(raw);
  }

  /** Request `id` of the child cannot be put to any client. */
  refuse(message: RequestMessage, error: HearthError): void {
    this.supervisor.trySend(errorReply(message.id, error));
  }

  /** The callers with a request in the child's hands. */
  activeCallers(): Caller[] {
    const { owner } = this.options;
    return owner ? [owner] : this.calls.inFlight.activeCallers();
  }

  /** The only request in flight of a caller, whose exchange can carry related messages. */
  soleExchange(caller: Caller): Exchange | undefined {
    const all = this.calls.inFlight.of(caller);
    return all.length === 1 ? all[0]?.exchange : undefined;
  }

  async stop(): Promise<void> {
    clearInterval(this.#keepAlive);
    await this.supervisor.stop();
  }

  #onMessage(message: Message): void {
    if (message.kind === 'response') void (this.#listens.settle(message.id) || this.calls.respond(message));
    else this.#fromChild.receive(message);
  }

  #onReady(handshake: Handshake): void {
    const tools = JSON.stringify(handshake.tools);
    const changed = this.#toolsSeen !== undefined && this.#toolsSeen !== tools;
    this.#toolsSeen = tools;
    if (handshake.era === 'modern') {
      this.#listens.restart(handshake, this.subscriptions.uris());
    } else {
      this.#tellLevel();
      for (const uri of this.subscriptions.uris()) void this.#tell('resources/subscribe', { uri });
    }
    this.options.handlers.onReady(handshake, changed);
  }

  #onDown(error: HearthError): void {
    this.calls.onDown(error);
    this.#fromChild.withdraw();
    this.tasks.clear();
  }

  #onOversized({ id, bytes, hasMethod }: OversizedLine): void {
    const { server, metrics, log } = this.options;
    const error = new HearthError('too_large', `The server's message of ${bytes} bytes is larger than the limit (--max-message-size).`, server);
    metrics.dropped.inc({ reason: 'too_large' });
    log.warn('message_too_large', error.message, { id });
    if (!hasMethod) this.calls.tooLarge(id, error);
    else if (id !== undefined) this.supervisor.trySend(errorReply(id, error));
  }

  #tellLevel(): void {
    const level = this.levels.mostVerbose();
    if (level !== undefined && this.supervisor.handshake?.capabilities.logging) void this.#tell('logging/setLevel', { level });
  }

  /** A message of hearth's own whose outcome changes nothing. */
  async #tell(method: string, params: JsonObject): Promise<void> {
    if (this.supervisor.state !== 'ready') return;
    await this.supervisor.ask(method, params, this.options.settings.requestTimeout).catch((error: unknown) => {
      this.options.log.debug('own_request_failed', asHearthError(error).message, { method });
    });
  }
}
