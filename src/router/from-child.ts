import { HearthError } from '../errors.js';
import type { NotificationMessage, RequestMessage } from '../protocol/message.js';
import { stringOf } from '../protocol/message.js';
import { replaceMembers } from '../protocol/splice.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Calls } from './calls.js';
import type { Asker } from './child-requests.js';
import type { LogLevels } from './log-levels.js';
import { unmetCapability } from './questions.js';
import type { Caller, Exchange } from './router.js';
import type { Subscriptions } from './subscriptions.js';
import type { Tasks } from './tasks.js';

/** The child's link, as far as its messages need it. */
export interface Origin extends Asker {
  readonly calls: Calls;
  readonly subscriptions: Subscriptions;
  readonly levels: LogLevels;
  readonly tasks: Tasks;
  /** Whether the server is of the modern era. */
  readonly isModern: boolean;
  readonly options: { readonly metrics: Metrics; readonly handlers: { onBroadcast(message: NotificationMessage): void } };
  /** The sessions that a message of the child may be for. */
  activeCallers(): Caller[];
  /** The only request in flight of a session, whose exchange can carry related messages. */
  soleExchange(caller: Caller): Exchange | undefined;
  /** Tells the child that its request cannot be put to any client. */
  refuse(message: RequestMessage, error: HearthError): void;
}

/** Notifications for every session of the server, and for who listens to changes. */
const BROADCAST = new Set(['notifications/tools/list_changed', 'notifications/prompts/list_changed', 'notifications/resources/list_changed']);

/** What a server says to `subscriptions/listen`, which hearth alone sends to it. */
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';

/** Decides whom a request or notification of a child is for. What cannot be attributed is refused or dropped, never guessed. */
export class FromChild {
  /** Callers that were asked something, so that a dead child's questions can be withdrawn. */
  readonly #askedCallers = new Set<Caller>();

  constructor(private readonly link: Origin) {}

  receive(message: RequestMessage | NotificationMessage): void {
    if (message.kind === 'request') this.#onRequest(message);
    else if (message.method === 'notifications/progress') this.#onProgress(message);
    else if (message.method === 'notifications/resources/updated') this.#onUpdated(message);
    else if (message.method === 'notifications/cancelled') this.#onCancelled(message);
    else if (message.method === 'notifications/message') this.#onLog(message);
    else if (message.method === ACKNOWLEDGED) return;
    else if (BROADCAST.has(message.method)) this.link.options.handlers.onBroadcast(message);
    else this.#onOther(message);
  }

  /** The child has ended; nobody needs to answer it any more. */
  withdraw(): void {
    for (const caller of this.#askedCallers) caller.asked.withdraw(this.link, (raw) => caller.send(raw));
    this.#askedCallers.clear();
  }

  /** The session has ended. */
  release(caller: Caller): void {
    this.#askedCallers.delete(caller);
  }

  /**
   * Routing rule 5: to the session whose request is in flight, when that is unambiguous. Requests of the modern era that
   * are one client's may stand in for each other: whichever carries the question, the answer reaches the one that asked.
   */
  #onRequest(message: RequestMessage): void {
    if (message.method === 'ping') {
      this.link.answer(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{}}`);
      return;
    }
    const owner = this.link.tasks.ownerOf(message);
    const callers = owner ? [owner] : this.link.activeCallers();
    const caller = callers.at(-1);
    if (!caller || callers.some((other) => other !== caller && !isSameClient(other, caller))) {
      this.link.refuse(message, unattributable(message.method, callers.length));
      return;
    }
    const unmet = caller.era === 'legacy' ? unmetCapability(message, caller.capabilities) : undefined;
    if (unmet !== undefined) {
      this.link.refuse(message, new HearthError('method_not_found', `Method not found: the client does not offer ${unmet}.`));
      return;
    }
    this.#askedCallers.add(caller);
    const exchange = this.link.soleExchange(caller);
    caller.asked.ask(this.link, message, (raw) => (exchange ? exchange.send(raw) : caller.send(raw)));
  }

  #onProgress(message: NotificationMessage): void {
    const pending = this.link.calls.inFlight.get(message.params?.progressToken);
    if (pending?.token === undefined) {
      this.#drop('progress_without_request');
      return;
    }
    this.link.calls.progressed(pending);
    if (typeof message.params?.progress === 'number') pending.progress = message.params.progress;
    const restored = replaceMembers(message.raw, message.body, [{ path: ['params', 'progressToken'], json: pending.token }]);
    pending.exchange.send(restored);
  }

  #onUpdated(message: NotificationMessage): void {
    const uri = stringOf(message.params?.uri) ?? '';
    for (const [caller, shownAs] of this.link.subscriptions.subscribers(uri)) {
      const raw =
        shownAs === uri ? message.raw : replaceMembers(message.raw, message.body, [{ path: ['params', 'uri'], json: JSON.stringify(shownAs) }]);
      caller.send(raw);
    }
  }

  /**
   * A log record is for every session of the server; to a request of the modern era it belongs only if that asked for
   * records, and is the only one that can have caused it. A server of that era knows no sessions to send it to.
   */
  #onLog(message: NotificationMessage): void {
    const sent = this.link.calls.inFlight.sent();
    const [sole] = sent;
    const isForModern = sent.some(({ caller }) => caller.era === 'modern');
    if (isForModern && sole && sent.length === 1) {
      const { caller, exchange } = sole;
      if (caller.logLevel !== undefined && this.link.levels.admits(caller, message.params?.level)) exchange.send(message.raw);
    }
    if (!isForModern || !this.link.isModern) this.link.options.handlers.onBroadcast(message);
    else if (sent.length > 1) this.#drop('unattributable');
  }

  #onCancelled(message: NotificationMessage): void {
    for (const caller of this.#askedCallers) {
      if (caller.asked.cancel(this.link, message, (raw) => caller.send(raw))) return;
    }
    this.#drop('cancel_without_request');
  }

  #onOther(message: NotificationMessage): void {
    const owner = this.link.tasks.ownerOf(message);
    const callers = owner ? [owner] : this.link.activeCallers();
    const [caller] = callers;
    if (caller && callers.length === 1) caller.send(message.raw);
    else this.#drop('unattributable');
  }

  #drop(reason: string): void {
    this.link.options.metrics.dropped.inc({ reason });
  }
}

function isSameClient(one: Caller, other: Caller): boolean {
  return one.era === 'modern' && other.era === 'modern' && one.client === other.client;
}

function unattributable(method: string, candidates: number): HearthError {
  const why = candidates === 0 ? 'no client request is in flight' : `requests of ${candidates} clients are in flight`;
  return new HearthError(
    'unattributable',
    `hearth cannot tell which client ${method} is for: ${why} on this shared server. Run it with policy per-session.`,
  );
}
