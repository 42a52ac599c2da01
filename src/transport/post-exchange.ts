import type { ServerResponse } from 'node:http';
import { errorReply, HearthError } from '../errors.js';
import type { Id } from '../protocol/message.js';
import type { Exchange } from '../router/router.js';
import { EventWriter } from './event-writer.js';
import { sendError, sendJson } from './io.js';
import { countMessage, type TransportContext } from './transport.js';

export interface PostOptions {
  /** The request's own id. */
  readonly id: Id;
  readonly headers: Record<string, string>;
  /** Takes messages that this response cannot carry (JSON-response mode). */
  divert(raw: string): void;
  /** The response is over, by whatever end. Once. */
  onDone(): void;
}

/**
 * The answer to one POST on `/mcp`. A quick reply leaves as plain JSON, which is cheapest and has no event size
 * limit in clients; as soon as something else comes first, or the server stays silent, it becomes an event stream
 * whose first bytes leave at once. Both are allowed by 2025-03-26 and later, transports: sending messages.
 */
export class PostExchange implements Exchange {
  #writer: EventWriter | undefined;
  #done = false;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly context: TransportContext,
    private readonly res: ServerResponse,
    private readonly options: PostOptions,
  ) {
    const { jsonResponse, streamAfter } = context.settings;
    if (!jsonResponse) this.#timer = setTimeout(() => this.#stream(), streamAfter);
    res.once('close', () => this.#finish());
  }

  reply(raw: string): void {
    if (this.#done) {
      this.context.metrics.dropped.inc({ reason: 'client_gone' });
      return;
    }
    countMessage(this.context.metrics, 'out', raw);
    if (this.#writer) {
      this.#writer.message(raw);
      this.#writer.end();
    } else {
      sendJson(this.res, 200, raw, this.options.headers);
    }
    this.#finish();
  }

  fail(id: Id, error: HearthError): void {
    // Overload and shutdown are for the HTTP layer too (load balancers, retries); other failures are the call's own.
    const forHttp = error.code === 'overloaded' || error.code === 'breaker_open' || error.code === 'draining';
    if (this.#done || this.#writer || !forHttp) {
      this.reply(errorReply(id, error));
      return;
    }
    sendError(this.res, error, this.options.headers, id);
    this.#finish();
  }

  send(raw: string): void {
    const writer = this.#done || this.context.settings.jsonResponse ? undefined : this.#stream();
    if (!writer?.open) {
      this.options.divert(raw);
      return;
    }
    countMessage(this.context.metrics, 'out', raw);
    writer.message(raw);
  }

  end(): void {
    if (this.#done) return;
    if (this.#writer) this.#writer.end();
    else this.res.writeHead(202, this.options.headers).end();
    this.#finish();
  }

  /** The session has ended under the request. */
  abort(): void {
    this.fail(this.options.id, new HearthError('session_not_found', 'The session ended before the request was answered.'));
  }

  /** Whether this response may carry more than the reply. */
  get streamable(): boolean {
    return !this.context.settings.jsonResponse;
  }

  #stream(): EventWriter | undefined {
    if (this.#done || this.#writer) return this.#writer;
    clearTimeout(this.#timer);
    this.context.metrics.connections.inc({ transport: 'post' });
    this.#writer = new EventWriter(
      this.res,
      this.context.settings,
      {
        onClose: () => {
          this.context.metrics.connections.dec({ transport: 'post' });
          this.#finish();
        },
      },
      this.options.headers,
    );
    return this.#writer;
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    clearTimeout(this.#timer);
    this.options.onDone();
  }
}
