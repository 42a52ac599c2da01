import { HearthError } from '../errors.js';
import type { NotificationMessage, RequestMessage } from '../protocol/message.js';
import { stringOf } from '../protocol/message.js';
import { replaceMembers } from '../protocol/splice.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Calls } from './calls.js';
import type { Asker } from './child-requests.js';
import type { Caller, Exchange } from './router.js';
import type { Subscriptions } from './subscriptions.js';

/** The child's link, as far as its messages need it. */
export interface Origin extends Asker {
  readonly calls: Calls;
  readonly subscriptions: Subscriptions;
  readonly options: { readonly metrics: Metrics; readonly handlers: { onBroadcast(message: NotificationMessage): void } };
  /** The sessions that a message of the child may be for. */
  activeCallers(): Caller[];
  /** The only request in flight of a session, whose exchange can carry related messages. */
  soleExchange(caller: Caller): Exchange | undefined;
  /** Tells the child that its request cannot be put to any client. */
  refuse(message: RequestMessage, error: HearthError): void;
}

/** Requests that a client can only answer if it declared the capability. */
const NEEDED_CAPABILITY: Readonly<Record<string, string>> = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
};

/** Notifications for every session of the server. */
const BROADCAST = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/message',
]);

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

  /** Routing rule 5: to the session whose request is in flight, when that is unambiguous. */
  #onRequest(message: RequestMessage): void {
    if (message.method === 'ping') {
      this.link.answer(`{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{}}`);
      return;
    }
    const callers = this.link.activeCallers();
    const [caller] = callers;
    if (!caller || callers.length > 1) {
      this.link.refuse(message, unattributable(message.method, callers.length));
      return;
    }
    const needed = NEEDED_CAPABILITY[message.method];
    if (needed !== undefined && caller.capabilities[needed] === undefined) {
      this.link.refuse(message, new HearthError('method_not_found', `Method not found: the client does not offer ${needed}.`));
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

  #onCancelled(message: NotificationMessage): void {
    for (const caller of this.#askedCallers) {
      if (caller.asked.cancel(this.link, message, (raw) => caller.send(raw))) return;
    }
    this.#drop('cancel_without_request');
  }

  #onOther(message: NotificationMessage): void {
    const callers = this.link.activeCallers();
    const [caller] = callers;
    if (caller && callers.length === 1) caller.send(message.raw);
    else this.#drop('unattributable');
  }

  #drop(reason: string): void {
    this.link.options.metrics.dropped.inc({ reason });
  }
}

function unattributable(method: string, candidates: number): HearthError {
  const why = candidates === 0 ? 'no client request is in flight' : `requests of ${candidates} clients are in flight`;
  return new HearthError(
    'unattributable',
    `hearth cannot tell which client ${method} is for: ${why} on this shared server. Run it with policy per-session.`,
  );
}
