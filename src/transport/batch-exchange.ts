import type { ServerResponse } from 'node:http';
import { errorReply, HearthError } from '../errors.js';
import type { Message, RequestMessage } from '../protocol/message.js';
import { memberText } from '../protocol/splice.js';
import { type Exchange, NO_EXCHANGE } from '../router/router.js';
import type { HttpSink } from './http-sink.js';
import { PostExchange } from './post-exchange.js';
import { countMessage, type TransportContext } from './transport.js';

export interface BatchOptions {
  readonly messages: readonly Message[];
  /** Answers to elements that are no messages. */
  readonly errors: readonly string[];
  readonly headers: Record<string, string>;
  readonly sink: HttpSink;
  /** The response is over, by whatever end. Once. */
  onDone(): void;
}

interface Open {
  readonly request: RequestMessage;
  readonly idText: string;
}

/**
 * The answer to a batch (2025-03-26, base protocol: batching): an array if every request is answered soon, else an event
 * stream with an event for each response, which ends after the last one.
 */
export class BatchExchange {
  readonly #replies: Array<readonly [raw: string, answers: string | undefined]>;
  readonly #open = new Map<Exchange, Open>();
  readonly #post: PostExchange;

  constructor(
    private readonly context: TransportContext,
    res: ServerResponse,
    private readonly options: BatchOptions,
  ) {
    const { messages, headers, sink } = options;
    this.#replies = options.errors.map((raw) => [raw, undefined] as const);
    for (const request of messages) {
      if (request.kind === 'request') this.#open.set(this.#exchange(), { request, idText: memberText(request.raw, request.body, 'id') });
    }
    const asked = [...this.#open.values()].map(({ idText }) => idText);
    this.#post = new PostExchange(context, res, {
      id: '', // each request has its own
      headers,
      openChannel: (onLost) => sink.postChannel(res, headers, asked, onLost),
      onStream: () => this.#flush(),
      onAbort: () => this.#abort(),
      divert: (raw) => sink.send(raw),
      onDone: () => {
        sink.removePost(this.#post);
        options.onDone();
      },
    });
    sink.addPost(this.#post);
  }

  /** Hands out every message in its order. */
  start(receive: (message: Message, exchange: Exchange) => void): void {
    const exchanges = new Map<Message, Exchange>([...this.#open].map(([exchange, { request }]) => [request, exchange]));
    for (const message of this.options.messages) receive(message, exchanges.get(message) ?? NO_EXCHANGE);
    this.#endIfAnswered();
  }

  /** The way back for one request. */
  #exchange(): Exchange {
    const exchange: Exchange = {
      reply: (raw) => this.#answer(exchange, raw),
      fail: (id, error) => this.#answer(exchange, errorReply(id, error)),
      send: (raw) => this.#post.send(raw),
      end: () => this.#answer(exchange, undefined),
    };
    return exchange;
  }

  /** @param raw undefined if the request was cancelled */
  #answer(exchange: Exchange, raw: string | undefined): void {
    const open = this.#open.get(exchange);
    if (this.#post.done || !open) {
      if (raw !== undefined) this.context.metrics.dropped.inc({ reason: 'client_gone' });
      return;
    }
    this.#open.delete(exchange);
    if (raw !== undefined) this.#replies.push([raw, open.idText]);
    if (this.#post.streaming) this.#flush();
    this.#endIfAnswered();
  }

  #flush(): void {
    for (const [raw, answers] of this.#replies.splice(0)) this.#post.send(raw, answers);
  }

  #endIfAnswered(): void {
    if (this.#open.size > 0 || this.#post.done) return;
    if (this.#post.streaming) {
      this.#post.complete();
    } else if (this.#replies.length > 0) {
      for (const [raw] of this.#replies.slice(1)) countMessage(this.context.metrics, 'out', raw);
      this.#post.reply(`[${this.#replies.map(([raw]) => raw).join(',')}]`);
    } else {
      this.#post.end();
    }
  }

  /** The session has ended under the requests. */
  #abort(): void {
    const error = new HearthError('session_not_found', 'The session ended before the request was answered.');
    for (const [exchange, { request }] of [...this.#open]) exchange.fail(request.id, error);
  }
}
