import { ownerOf, type Principal } from '../auth/principal.js';
import { asHearthError, HearthError } from '../errors.js';
import { claimsEnvelope } from '../protocol/envelope.js';
import { isObject, type JsonObject, type Message, objectOf, type RequestMessage, stringOf } from '../protocol/message.js';
import { HANDSHAKE_VERSIONS } from '../protocol/versions.js';
import { ChildRequests } from '../router/child-requests.js';
import type { Caller, Exchange, Router } from '../router/router.js';
import { newSessionUuid } from './session-id.js';

export const TRANSPORTS = ['sse', 'streamable-http', 'stateless'] as const;
export type TransportName = (typeof TRANSPORTS)[number];
export const CLOSE_REASONS = ['deleted', 'disconnected', 'idle', 'too_old', 'too_slow', 'shutdown', 'failed', 'completed', 'unauthorized'] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** A session's stream towards the client, for messages that belong to no request. */
export interface Sink {
  /** Delivers, or keeps for later, or drops: never blocks and never throws. @param bytes the same in parts, of a large message */
  send(raw: string, bytes?: readonly Buffer[]): void;
  /** Whether a stream is open that carries such messages now. */
  readonly open: boolean;
  /** Ends every stream of the session. */
  close(): void;
}

export interface SessionSettings {
  /** Questions of servers that a client may leave unanswered. */
  readonly maxAsked: number;
  /** Time for an answer to one, in milliseconds. */
  readonly askTimeout: number;
}

/** Where a session comes from. */
export interface ClientOrigin {
  /** Tells one client from another. */
  readonly address: string;
  /** Credential headers that it sent when it connected, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Who it is, where clients have to say so. */
  readonly principal?: Principal;
}

/** A session of an earlier process. */
export interface FormerSession {
  readonly id: string;
  /** Time since it was opened, in milliseconds. */
  readonly age: number;
}

/** One client's conversation. Virtual: it owns routing state and streams, but no process of its own accord. */
export class Session implements Caller {
  readonly id: string;
  /** Whether another process has opened it, and this one goes on with it. */
  readonly recovered: boolean;
  readonly era = 'legacy';
  readonly logLevel = undefined;
  readonly openedAt: number;
  readonly asked: ChildRequests;
  initializeParams: JsonObject | undefined;
  capabilities: JsonObject = {};
  /** When the client was last heard of, on the monotonic clock. */
  lastSeen = performance.now();
  /** Whose it is: always the same one, as its newest request proved it. A newer token may hold longer, or allow less. */
  principal: Principal | undefined;
  #protocolVersion: string | undefined;
  #initialized = false;
  #closed = false;

  constructor(
    readonly transport: TransportName,
    readonly router: Router,
    private readonly sink: Sink,
    settings: SessionSettings,
    private readonly origin: ClientOrigin,
    former?: FormerSession,
  ) {
    this.principal = origin.principal;
    this.id = former?.id ?? newSessionUuid(ownerOf(origin.principal));
    this.recovered = former !== undefined;
    this.openedAt = this.lastSeen - (former?.age ?? 0);
    this.asked = new ChildRequests(settings.maxAsked, settings.askTimeout);
  }

  get client(): string {
    return this.origin.address;
  }

  get address(): string {
    return this.origin.address;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.origin.headers;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether a handshake has succeeded. */
  get initialized(): boolean {
    return this.#initialized;
  }

  /** The negotiated revision, once a handshake has succeeded. */
  get protocolVersion(): string | undefined {
    return this.#protocolVersion;
  }

  /**
   * Makes the handshake again that the client has had with an earlier process.
   * @param params of its `initialize`
   * @throws HearthError what the router says, or `session_not_found` if the session ends meanwhile
   */
  async recover(params: JsonObject): Promise<void> {
    await this.#shakeHands(params);
    if (!this.#closed) return;
    this.router.release(this);
    throw new HearthError('session_not_found', 'The session ended before it was recovered; send initialize again.');
  }

  /** A message from the client; a request is answered through the exchange. */
  receive(message: Message, exchange: Exchange, principal = this.principal): void {
    this.principal = principal;
    this.lastSeen = performance.now();
    if (message.kind === 'request') this.#onRequest(message, exchange);
    else if (message.kind === 'response') this.asked.settle(message);
    else if (message.method === 'notifications/progress') this.asked.progress(message);
    else this.router.notify(this, message);
  }

  send(raw: string, bytes?: readonly Buffer[]): void {
    if (!this.#closed) this.sink.send(raw, bytes);
  }

  /** Asks a quiet client whether it is still there; any answer counts as life. */
  probe(): void {
    if (this.sink.open) this.asked.ping((raw) => this.send(raw));
  }

  isBusy(): boolean {
    return this.router.isBusy(this);
  }

  /** Frees everything the session owned. The store calls it, once. */
  close(): void {
    this.#closed = true;
    this.asked.close();
    this.sink.close(); // first, so that requests in flight end with the reason
    this.router.release(this);
  }

  #onRequest(message: RequestMessage, exchange: Exchange): void {
    if (message.method === 'ping') exchange.reply(resultReply(message, {}));
    else if (message.method === 'initialize') void this.#initialize(message, exchange);
    else if (message.method === 'server/discover') exchange.fail(message.id, NO_DISCOVERY);
    else if (claimsEnvelope(message.params)) exchange.fail(message.id, NOT_STATELESS);
    else this.router.request(this, message, exchange);
  }

  async #initialize(message: RequestMessage, exchange: Exchange): Promise<void> {
    try {
      const result = await this.#shakeHands(checkedParams(message));
      if (this.#closed) this.router.release(this);
      else exchange.reply(resultReply(message, result));
    } catch (error) {
      exchange.fail(message.id, asHearthError(error));
    }
  }

  /** Once a session: a refused second handshake leaves what the first one settled; a failed one may be repeated. */
  async #shakeHands(params: JsonObject): Promise<JsonObject> {
    if (this.initializeParams) throw new HearthError('invalid_request', 'Invalid request: this session is already initialized.');
    this.initializeParams = params;
    this.capabilities = objectOf(params.capabilities) ?? {};
    try {
      const result = await this.router.initialize(this, params);
      this.#initialized = true;
      this.#protocolVersion = stringOf(result.protocolVersion);
      return result;
    } catch (error) {
      this.initializeParams = undefined;
      throw error;
    }
  }
}

/** Some servers end on a first request that they do not know, so a client's probe for 2026-07-28 never reaches them. */
const NO_DISCOVERY = new HearthError(
  'method_not_found',
  'Method not found: server/discover. This endpoint speaks 2024-11-05 to 2025-11-25; send initialize.',
);

/** Requests that stand alone have their place on `/mcp`; half a session would only look like one. */
const NOT_STATELESS = new HearthError(
  'unsupported_version',
  'Unsupported protocol version: this endpoint speaks 2024-11-05 to 2025-11-25, with a session; use /mcp for 2026-07-28.',
  undefined,
  { supported: HANDSHAKE_VERSIONS },
);

function checkedParams({ params }: RequestMessage): JsonObject {
  if (!params || typeof params.protocolVersion !== 'string') {
    throw new HearthError('invalid_params', 'Invalid params: initialize needs "protocolVersion", "capabilities" and "clientInfo".');
  }
  if (params.capabilities !== undefined && !isObject(params.capabilities)) {
    throw new HearthError('invalid_params', 'Invalid params: "capabilities" must be an object.');
  }
  return params;
}

function resultReply({ id }: RequestMessage, result: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}
