import { errorReply, HearthError } from '../errors.js';
import { isObject, type JsonObject, type NotificationMessage, objectOf, type RequestMessage } from '../protocol/message.js';
import type { Asker } from '../router/child-requests.js';
import { isQuestion, missingCapability } from '../router/questions.js';
import type { Questions } from '../router/router.js';

interface Open {
  readonly asker: Asker;
  readonly message: RequestMessage;
}

/** What a server asks with several requests at once belongs into one result; this is how long it has for that, in milliseconds. */
const GATHER_MS = 20;

/**
 * Questions of a server to a request of the modern era. They cannot be sent to the client: they become the
 * `inputRequests` of a result, and the answers come with the same request made again (2026-07-28, multi round-trip requests).
 */
export class InputRequests implements Questions {
  readonly #open = new Map<string, Open>();
  #missing: JsonObject | undefined;
  #timer: NodeJS.Timeout | undefined;
  #next = 1;

  /**
   * @param offered what the client offers
   * @param limit   questions that may be open at once
   * @param onAsked called once the questions that came together are there
   */
  constructor(
    private readonly offered: JsonObject,
    private readonly limit: number,
    private readonly onAsked: () => void,
  ) {}

  /** Capabilities that the server wanted to use and the client does not offer. */
  get missing(): JsonObject | undefined {
    return this.#missing;
  }

  ask(asker: Asker, message: RequestMessage): void {
    const missing = missingCapability(message, this.offered);
    if (missing) this.#missing = { ...this.#missing, ...missing };
    const refusal = !isQuestion(message.method)
      ? new HearthError('method_not_found', `Method not found: ${message.method} cannot be put to a client of revision 2026-07-28.`)
      : missing
        ? new HearthError('method_not_found', `Method not found: the client does not offer ${Object.keys(missing)[0]}.`)
        : this.#open.size >= this.limit
          ? new HearthError('overloaded', `The client has not answered ${this.#open.size} earlier questions.`)
          : undefined;
    if (refusal) {
      asker.answer(errorReply(message.id, refusal));
      return;
    }
    this.#open.set(`${message.method}#${this.#next++}`, { asker, message });
    this.announce();
  }

  /** Has the open questions told, again if need be. */
  announce(): void {
    if (this.#open.size > 0) this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS);
  }

  /** The open questions as a result holds them. */
  toObject(): JsonObject {
    return Object.fromEntries([...this.#open].map(([key, { message }]) => [key, asInputRequest(message)]));
  }

  /** The client's answers; what is not answered stays open. */
  answer(responses: unknown): void {
    for (const [key, response] of Object.entries(objectOf(responses) ?? {})) {
      const open = this.#open.get(key);
      if (!open || !isObject(response)) continue;
      this.#open.delete(key);
      open.asker.answer(JSON.stringify({ jsonrpc: '2.0', id: open.message.id, result: response }));
    }
  }

  cancel(asker: Asker, { params }: NotificationMessage): boolean {
    const found = [...this.#open].find(([, open]) => open.asker === asker && open.message.id === params?.requestId);
    return found !== undefined && this.#open.delete(found[0]);
  }

  withdraw(asker: Asker): void {
    for (const [key, open] of this.#open) if (open.asker === asker) this.#open.delete(key);
  }

  /** The client is gone: every server that waits for it is told. */
  close(): void {
    clearTimeout(this.#timer);
    for (const { asker, message } of this.#open.values()) {
      asker.answer(errorReply(message.id, new HearthError('client_gone', 'The client left before it answered.')));
    }
    this.#open.clear();
  }

  #tell(): void {
    this.#timer = undefined;
    if (this.#open.size > 0) this.onAsked();
  }
}

/** Without what belongs to the legacy era alone: progress tokens, tasks. */
function asInputRequest({ method, params }: RequestMessage): JsonObject {
  if (!params) return { method };
  const { _meta, task: _task, ...rest } = params;
  const { progressToken: _token, ...meta } = objectOf(_meta) ?? {};
  return { method, params: { ...rest, ...(Object.keys(meta).length > 0 && { _meta: meta }) } };
}
