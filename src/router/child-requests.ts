import { errorReply, HearthError } from '../errors.js';
import type { Id, JsonObject, NotificationMessage, RequestMessage, ResponseMessage } from '../protocol/message.js';
import { type Replacement, replaceId, replaceMembers } from '../protocol/splice.js';

/** The server side of a question: where the answer goes. */
export interface Asker {
  answer(raw: string): void;
}

interface Open {
  readonly asker: Asker;
  /** The server's own id and progress token, as JSON text. */
  readonly id: string;
  readonly token: string | undefined;
  readonly timer: NodeJS.Timeout;
}

/** Where a question's text is delivered; several servers may ask one client, so ids are minted here. */
export type Deliver = (raw: string) => void;

/**
 * Questions from servers to one client (sampling, elicitation, roots) that wait for their answer. Ids and progress
 * tokens are rewritten on the way down and restored on the way up; each question ends exactly once.
 */
export class ChildRequests {
  readonly #open = new Map<number, Open>();
  #nextId = 1;
  #lastPing: number | undefined;

  /**
   * @param limit     questions that may be open at once
   * @param timeoutMs time for an answer
   */
  constructor(
    private readonly limit: number,
    private readonly timeoutMs: number,
  ) {}

  get size(): number {
    return this.#open.size;
  }

  /** Puts a server's question to the client. */
  ask(asker: Asker, message: RequestMessage, deliver: Deliver): void {
    if (this.#open.size >= this.limit) {
      asker.answer(errorReply(message.id, new HearthError('overloaded', `The client has not answered ${this.#open.size} earlier questions.`)));
      return;
    }
    const id = this.#nextId++;
    const token = tokenOf(message.params);
    const timer = setTimeout(() => this.#expire(id), this.timeoutMs);
    this.#open.set(id, { asker, id: JSON.stringify(message.id), token, timer });
    const edits: Replacement[] = [{ path: ['id'], json: String(id) }];
    if (token !== undefined) edits.push({ path: ['params', '_meta', 'progressToken'], json: String(id) });
    deliver(replaceMembers(message.raw, message.body, edits));
  }

  /** A question of hearth's own, to find out whether the client is still there. One at a time. */
  ping(deliver: Deliver): void {
    if (this.#open.size >= this.limit || (this.#lastPing !== undefined && this.#open.has(this.#lastPing))) return;
    const id = this.#nextId++;
    const timer = setTimeout(() => this.#take(id), this.timeoutMs);
    this.#open.set(id, { asker: { answer: () => {} }, id: String(id), token: undefined, timer });
    this.#lastPing = id;
    deliver(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' }));
  }

  /** The client's answer. False if nobody asked. */
  settle(message: ResponseMessage): boolean {
    const open = typeof message.id === 'number' ? this.#take(message.id) : undefined;
    open?.asker.answer(replaceId(message.raw, message.body, open.id));
    return open !== undefined;
  }

  /** The client's progress on a question. False if it belongs to none. */
  progress(message: NotificationMessage): boolean {
    const token = message.params?.progressToken;
    const open = typeof token === 'number' ? this.#open.get(token) : undefined;
    if (open?.token === undefined) return false;
    open.asker.answer(replaceMembers(message.raw, message.body, [{ path: ['params', 'progressToken'], json: open.token }]));
    return true;
  }

  /** The server took a question back. True if it was one of this client's. */
  cancel(asker: Asker, message: NotificationMessage, deliver: Deliver): boolean {
    const requestId = JSON.stringify(message.params?.requestId);
    for (const [id, open] of this.#open) {
      if (open.asker !== asker || open.id !== requestId) continue;
      this.#take(id);
      deliver(replaceMembers(message.raw, message.body, [{ path: ['params', 'requestId'], json: String(id) }]));
      return true;
    }
    return false;
  }

  /** A server is gone: its questions are withdrawn. */
  withdraw(asker: Asker, deliver: Deliver): void {
    for (const [id, open] of this.#open) {
      if (open.asker !== asker) continue;
      this.#take(id);
      deliver(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason: 'the server has ended' } }));
    }
  }

  /** The client is gone: every server that waits for it is told. */
  close(): void {
    for (const id of [...this.#open.keys()]) {
      this.#fail(id, new HearthError('client_gone', 'The client left before it answered.'));
    }
  }

  #expire(id: number): void {
    this.#fail(id, new HearthError('timeout', `The client did not answer within ${this.timeoutMs} ms.`));
  }

  #fail(id: number, error: HearthError): void {
    const open = this.#take(id);
    open?.asker.answer(errorReply(JSON.parse(open.id) as Id, error));
  }

  #take(id: number): Open | undefined {
    const open = this.#open.get(id);
    if (open) clearTimeout(open.timer);
    this.#open.delete(id);
    return open;
  }
}

/** The progress token of a request, as JSON text. */
export function tokenOf(params: JsonObject | undefined): string | undefined {
  const meta = params?._meta as JsonObject | undefined;
  const token = meta?.progressToken;
  return typeof token === 'string' || typeof token === 'number' ? JSON.stringify(token) : undefined;
}
