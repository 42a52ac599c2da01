import type { HearthError } from '../errors.js';
import type { Id, JsonObject, NotificationMessage, RequestMessage } from '../protocol/message.js';
import type { ChildRequests } from './child-requests.js';

/** The way back to the client for one request. Transports implement it; each method is safe after the end. */
export interface Exchange {
  /** Delivers the response, which ends the exchange. */
  reply(raw: string): void;
  /** Delivers an error of hearth's own instead of a response; the transport may choose an HTTP status for it. */
  fail(id: Id, error: HearthError): void;
  /** Delivers a message that belongs to the request: its progress, or a question from the server. */
  send(raw: string): void;
  /** Ends without a response: the request was cancelled. */
  end(): void;
}

/** One client session, as routers see it. */
export interface Caller {
  readonly id: string;
  /** What the client sent with `initialize`; undefined before that. */
  readonly initializeParams: JsonObject | undefined;
  /** Client capabilities from `initialize`. */
  readonly capabilities: JsonObject;
  /** The credential headers that the client sent when it connected, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Questions of servers that this client has not answered yet. */
  readonly asked: ChildRequests;
  /** Delivers a message that belongs to no request. */
  send(raw: string): void;
}

/** What a session talks to: one server, or all servers of a hub. */
export interface Router {
  /** The result for a client's `initialize`. @throws HearthError */
  initialize(caller: Caller, params: JsonObject): Promise<JsonObject>;
  /** Every other request. Answers through the exchange, always and once. */
  request(caller: Caller, message: RequestMessage, exchange: Exchange): void;
  notify(caller: Caller, message: NotificationMessage): void;
  /** Whether a request of this caller is still being worked on. */
  isBusy(caller: Caller): boolean;
  /** The session has ended: frees everything it owned, and cancels what it was waiting for. */
  release(caller: Caller): void;
  /** Whether a new session has a chance now. @throws HearthError `unavailable` */
  assertOpen(): void;
}
