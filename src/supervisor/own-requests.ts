import { HearthError } from '../errors.js';
import { type JsonObject, objectOf, type ResponseMessage } from '../protocol/message.js';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: HearthError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Requests that hearth itself sends to a server: handshake, ping, lists. */
export class OwnRequests {
  readonly #waiting = new Map<number, Waiting>();

  /**
   * @param send   puts a message on the wire; may throw
   * @param nextId makes the id of a request
   */
  constructor(
    private readonly send: (raw: string) => void,
    private readonly nextId: () => number,
  ) {}

  /**
   * @param timeoutMs limit for the answer
   * @throws HearthError `timeout`; `unavailable` with the server's own error text; what `send` throws
   */
  ask(method: string, params: JsonObject | undefined, timeoutMs: number): Promise<unknown> {
    const id = this.nextId();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new HearthError('timeout', `the server did not answer ${method} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      try {
        this.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      } catch (error) {
        this.#take(id);
        reject(error as HearthError);
      }
    });
  }

  /** Whether this response was one of these; if so it is consumed. */
  settle(message: ResponseMessage): boolean {
    const waiting = typeof message.id === 'number' ? this.#take(message.id) : undefined;
    if (!waiting) return false;
    const error = objectOf(message.body.error);
    if (error) waiting.reject(new HearthError('unavailable', `the server answered with error ${error.code}: ${error.message}`));
    else waiting.resolve(message.body.result);
    return true;
  }

  /** Fails one request, or all of them. */
  fail(error: HearthError, id?: number): void {
    for (const key of id === undefined ? [...this.#waiting.keys()] : [id]) this.#take(key)?.reject(error);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting) clearTimeout(waiting.timer);
    return waiting;
  }
}
