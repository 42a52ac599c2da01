import type { Principal } from '../auth/principal.js';
import type { HearthError } from '../errors.js';
import type { Id, JsonObject, NotificationMessage, RequestMessage } from '../protocol/message.js';
import type { Era } from '../protocol/versions.js';
import type { Asker, Deliver } from './child-requests.js';

/** The way back to the client for one request. Transports implement it; each method is safe after the end. */
export interface Exchange {
  /** Delivers the response, which ends the exchange. @param bytes the same in parts, of a large one */
  reply(raw: string, bytes?: readonly Buffer[]): void;
  /** Delivers an error of hearth's own instead of a response; the transport may choose an HTTP status for it. */
  fail(id: Id, error: HearthError): void;
  /** Delivers a message that belongs to the request: its progress, or a question from the server. */
  send(raw: string): void;
  /** Ends without a response: the request was cancelled. */
  end(): void;
}

/** For messages whose answer nobody waits for. */
export const NO_EXCHANGE: Exchange = { reply: () => {}, fail: () => {}, send: () => {}, end: () => {} };

/** Questions of servers to one client, each of which ends exactly once. */
export interface Questions {
  /** Puts a server's question to the client. */
  ask(asker: Asker, message: RequestMessage, deliver: Deliver): void;
  /** The server took a question back. True if it was one of this client's. */
  cancel(asker: Asker, message: NotificationMessage, deliver: Deliver): boolean;
  /** A server is gone: its questions are withdrawn. */
  withdraw(asker: Asker, deliver: Deliver): void;
}

/** Who makes requests, as routers see it: a client's session, or one request that stands alone. */
export interface Caller {
  readonly id: string;
  readonly era: Era;
  /** Tells one client from another, as well as that can be told. */
  readonly client: string;
  /** Where it is: for logs. */
  readonly address: string;
  /** Params of the client's `initialize`, or what a request that stands alone says instead; undefined before that. */
  readonly initializeParams: JsonObject | undefined;
  /** What the client offers to servers. */
  readonly capabilities: JsonObject;
  /** Log level that a request of the modern era asks for. */
  readonly logLevel: string | undefined;
  /** The credential headers that the client sent when it connected, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Who it is, and what it may do; undefined where nobody has to say. */
  readonly principal: Principal | undefined;
  /** Whether the client is gone. */
  readonly closed: boolean;
  readonly asked: Questions;
  /** Delivers a message that belongs to no request. */
  send(raw: string): void;
}

/** What a session talks to: one server, or all servers of a hub. */
export interface Router {
  /** The result for a client's `initialize`. @throws HearthError */
  initialize(caller: Caller, params: JsonObject): Promise<JsonObject>;
  /** The result of `server/discover`. @throws HearthError */
  discover(caller: Caller): Promise<JsonObject>;
  /** From now on the caller gets what is for everybody: changes of lists, log records. */
  join(caller: Caller): void;
  /** Every other request. Answers through the exchange, always and once. */
  request(caller: Caller, message: RequestMessage, exchange: Exchange): void;
  notify(caller: Caller, message: NotificationMessage): void;
  /** Whether a request of this caller is still being worked on. */
  isBusy(caller: Caller): boolean;
  /** The session has ended: frees everything it owned, and cancels what it was waiting for. */
  release(caller: Caller): void;
  /** Whether a new session has a chance now. @throws HearthError `unavailable` */
  assertOpen(): void;
  /** What is known of a tool, by the name that clients know. */
  tool(name: string): JsonObject | undefined;
}
