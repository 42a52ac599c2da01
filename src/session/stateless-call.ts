import { randomUUID } from 'node:crypto';
import type { Principal } from '../auth/principal.js';
import { asHearthError, errorReply, HearthError } from '../errors.js';
import type { Envelope } from '../protocol/envelope.js';
import { type Id, type JsonObject, objectOf, parseMessage, type RequestMessage, stringOf } from '../protocol/message.js';
import { toModern } from '../protocol/modern-result.js';
import { memberText, replaceId } from '../protocol/splice.js';
import { LATEST_HANDSHAKE_VERSION } from '../protocol/versions.js';
import type { Caller, Exchange, Router } from '../router/router.js';
import { InputRequests } from './input-requests.js';
import type { ClientOrigin } from './session.js';

/** The POST that waits for the answer. */
interface Waiting {
  readonly exchange: Exchange;
  readonly id: Id;
  readonly idText: string;
}

export interface StatelessCallOptions {
  readonly router: Router;
  readonly message: RequestMessage;
  readonly envelope: Envelope;
  readonly origin: ClientOrigin;
  /** Questions of servers that the client may leave unanswered. */
  readonly maxAsked: number;
  /** Keeps the call until the client comes back. @returns what it has to bring; undefined where that is too much to keep */
  park(call: StatelessCall): string | undefined;
  /** The call has ended while it was kept. */
  unpark(state: string): void;
}

/**
 * One request of the modern era. It needs no session: it ends with its answer, or when its client leaves. Only when a
 * server of the legacy era asks something, it outlives its POST: the server waits, the client gets the questions as a
 * result, and brings the answers with another POST.
 */
export class StatelessCall implements Caller {
  readonly id = randomUUID();
  readonly era = 'modern';
  readonly headers: Readonly<Record<string, string>>;
  readonly principal: Principal | undefined;
  readonly capabilities: JsonObject;
  readonly initializeParams: JsonObject;
  readonly logLevel: string | undefined;
  readonly asked: InputRequests;
  #waiting: Waiting | undefined;
  /** What the client has to bring, while the call is kept for it. */
  #state: string | undefined;
  /** The answer, where it came while nobody waited. */
  #late: string | undefined;
  #closed = false;

  constructor(private readonly options: StatelessCallOptions) {
    const { envelope, origin, maxAsked } = options;
    const { capabilities, clientInfo } = envelope;
    this.headers = origin.headers;
    this.principal = origin.principal;
    this.capabilities = capabilities;
    this.logLevel = envelope.logLevel;
    this.initializeParams = { protocolVersion: LATEST_HANDSHAKE_VERSION, capabilities, clientInfo: clientInfo ?? { name: 'unknown', version: '0' } };
    this.asked = new InputRequests(capabilities, maxAsked, () => this.#park());
  }

  /** Whose request it is; without keys, who comes from one address with one set of credentials is one client. */
  get client(): string {
    return clientOf(this.options.origin);
  }

  get address(): string {
    return this.options.origin.address;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Makes the request. */
  start(exchange: Exchange): void {
    const { router, message } = this.options;
    this.#waiting = waitingFor(message, exchange);
    if (message.method === 'server/discover') {
      void this.#discover();
      return;
    }
    router.request(this, message, {
      reply: (raw) => this.#reply(raw),
      fail: (id, error) => (this.#waiting ? this.#fail(error) : this.#reply(errorReply(id, error))),
      send: (raw) => this.#waiting?.exchange.send(raw),
      end: () => this.#waiting?.exchange.end(),
    });
  }

  /** Whether a request is this one made again: by the same client, and with nothing but answers added. */
  isRepeatedBy({ method, params }: RequestMessage, origin: ClientOrigin): boolean {
    const { message } = this.options;
    const isSame = (key: string): boolean => JSON.stringify(params?.[key]) === JSON.stringify(message.params?.[key]);
    return clientOf(origin) === this.client && method === message.method && ['name', 'uri', 'arguments'].every(isSame);
  }

  /** The client is back with answers. */
  resume(message: RequestMessage, exchange: Exchange): void {
    this.#state = undefined;
    this.#waiting = waitingFor(message, exchange);
    this.asked.answer(message.params?.inputResponses);
    if (this.#late !== undefined) this.#reply(this.#late);
    else this.asked.announce();
  }

  /** A POST has ended: with its answer, or because the client left, which cancels the request. */
  left(exchange: Exchange): void {
    if (this.#waiting?.exchange === exchange) this.close();
  }

  /** Changes of lists and the like are for those who listen, not for a request. */
  send(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = undefined;
    this.asked.close();
    this.options.router.release(this);
    if (this.#state !== undefined) this.options.unpark(this.#state);
  }

  async #discover(): Promise<void> {
    try {
      const result = await this.options.router.discover(this);
      this.#reply(JSON.stringify({ jsonrpc: '2.0', id: this.options.message.id, result }));
    } catch (error) {
      this.#fail(asHearthError(error));
    }
  }

  #reply(raw: string): void {
    const { message } = this.options;
    const waiting = this.#waiting;
    if (!waiting) {
      this.#late = raw;
      return;
    }
    const missing = this.asked.missing;
    if (missing && isFailure(raw)) {
      this.#fail(new HearthError('missing_capability', missingText(missing), undefined, { requiredCapabilities: missing }));
      return;
    }
    this.#waiting = undefined;
    const own = waiting.id === message.id ? raw : replaceId(raw, parseMessage(raw).body, waiting.idText);
    waiting.exchange.reply(toModern(own, message.method));
    this.close();
  }

  #fail(error: HearthError): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.exchange.fail(waiting.id, error);
    this.close();
  }

  /** The server's questions go to the client, and the call waits for it to come back. */
  #park(): void {
    const waiting = this.#waiting;
    if (!waiting) return; // told when the client is back
    const requestState = this.options.park(this);
    this.#state = requestState;
    if (requestState === undefined) {
      this.#fail(new HearthError('overloaded', 'Too many requests wait for input from their clients (limits.sessions). Try again later.'));
      return;
    }
    this.#waiting = undefined;
    const result = { resultType: 'input_required', inputRequests: this.asked.toObject(), requestState };
    waiting.exchange.reply(`{"jsonrpc":"2.0","id":${waiting.idText},"result":${JSON.stringify(result)}}`);
  }
}

/** What tells clients apart: who they are, or else where they are; and in either case what servers know them by. */
export function clientOf({ address, headers, principal }: ClientOrigin): string {
  return JSON.stringify([principal ? { principal: principal.id } : address, headers]);
}

function waitingFor(message: RequestMessage, exchange: Exchange): Waiting {
  return { exchange, id: message.id, idText: memberText(message.raw, message.body, 'id') };
}

/** Whether the server gave up. */
function isFailure(raw: string): boolean {
  const { body } = parseMessage(raw);
  return body.error !== undefined || objectOf(body.result)?.isError === true;
}

function missingText(missing: JsonObject): string {
  return `Missing required client capability: the server needs ${Object.keys(missing).join(', ')} for this request.`;
}

/** The state that a repeated request brings back, if it brings one. */
export function stateOf({ params }: RequestMessage): string | undefined {
  return stringOf(params?.requestState);
}
