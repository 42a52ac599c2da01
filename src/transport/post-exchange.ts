import type { ServerResponse } from 'node:http';
import type { Deadline } from '../deadlines.js';
import { errorReply, HearthError } from '../errors.js';
import type { Id } from '../protocol/message.js';
import type { Exchange } from '../router/router.js';
import type { Kept } from '../session/replay.js';
import { Channel } from './channel.js';
import { sendAccepted, sendError, sendJson } from './io.js';
import { countMessage, type TransportContext } from './transport.js';

export interface PostOptions {
  /** The request's own id. */
  readonly id: Id;
  /** The same as it was written, however many digits. */
  idText?(): string;
  readonly headers: Record<string, string>;
  /** HTTP status of a reply that leaves as JSON; 200 without it. */
  statusOf?(raw: string): number;
  /** Makes the stream that the answer becomes, connected; without it the stream cannot be resumed. */
  openChannel?(onLost: () => void): Channel;
  /** The answer has become a stream. */
  onStream?(): void;
  /** In place of the error that says that the session has ended. */
  onAbort?(): void;
  /** Takes messages that this response cannot carry (JSON-response mode). */
  divert(raw: string): void;
  /** The response is over, by whatever end. Once. */
  onDone(): void;
}

/**
 * The answer to one POST on `/mcp`. A quick reply leaves as plain JSON, which is cheapest and has no event size
 * limit in clients; as soon as something else comes first, or the server stays silent, it becomes an event stream
 * whose first bytes leave at once. Both are allowed by 2025-03-26 and later, transports: sending messages.
 * A stream that was cut goes on: what it sends waits for the client to come back.
 */
export class PostExchange implements Exchange {
  readonly #silence: Deadline | undefined;
  #channel: Channel | undefined;
  #done = false;

  constructor(
    private readonly context: TransportContext,
    private readonly res: ServerResponse,
    private readonly options: PostOptions,
  ) {
    if (!context.settings.jsonResponse) this.#silence = context.silence.begin(() => this.#stream());
    res.on('close', () => {
      if (!this.#channel) this.#finish();
    });
  }

  reply(raw: string, bytes?: readonly Buffer[]): void {
    if (this.#done) {
      this.context.metrics.dropped.inc({ reason: 'client_gone' });
      return;
    }
    if (this.#channel) {
      this.#channel.send(raw, this.options.idText?.(), bytes);
      this.#channel.finish();
    } else {
      countMessage(this.context.metrics, 'out', raw);
      sendJson(this.res, this.options.statusOf?.(raw) ?? 200, bytes ?? raw, this.options.headers);
    }
    this.#finish();
  }

  fail(id: Id, error: HearthError): void {
    // Overload and shutdown are for the HTTP layer too (load balancers, retries); other failures are the call's own.
    const forHttp = error.code === 'overloaded' || error.code === 'breaker_open' || error.code === 'draining';
    if (this.#done || this.#channel || !forHttp) {
      this.reply(errorReply(id, error));
      return;
    }
    sendError(this.res, error, this.options.headers, id);
    this.#finish();
  }

  /** @param answers id of the request of a batch that the message answers, as JSON text */
  send(raw: string, answers?: string): void {
    const channel = this.#done || !this.streamable ? undefined : this.#stream();
    if (channel) channel.send(raw, answers);
    else this.options.divert(raw);
  }

  end(): void {
    if (this.#done) return;
    if (this.#channel) this.#channel.discard();
    else sendAccepted(this.res, this.options.headers);
    this.#finish();
  }

  /** Ends the stream: everything was sent with `send`. */
  complete(): void {
    if (this.#done) return;
    this.#channel?.finish();
    this.#finish();
  }

  /** The session has ended under the request. */
  abort(): void {
    if (this.options.onAbort) this.options.onAbort();
    else this.fail(this.options.id, new HearthError('session_not_found', 'The session ended before the request was answered.'));
  }

  /** The client has come back for the rest. */
  reconnect(res: ServerResponse, headers: Record<string, string>, missed: readonly Kept[]): void {
    this.#channel?.connect(res, headers, () => this.#onLost());
    this.#channel?.replay(missed);
  }

  /** Whether this response may carry more than the reply. */
  get streamable(): boolean {
    return !this.context.settings.jsonResponse;
  }

  /** Whether what it is given now reaches the client. */
  get carries(): boolean {
    return this.streamable && this.#channel?.connected !== false;
  }

  /** Whether the answer has become a stream. */
  get streaming(): boolean {
    return this.#channel !== undefined;
  }

  /** Whether nothing more can be sent. */
  get done(): boolean {
    return this.#done;
  }

  /** The id of its stream, if it has become one that can be resumed. */
  get streamId(): string | undefined {
    return this.#channel?.id;
  }

  #stream(): Channel | undefined {
    if (this.#done || this.#channel) return this.#channel;
    this.#silence?.end();
    const onLost = (): void => this.#onLost();
    this.#channel = this.options.openChannel?.(onLost) ?? this.#plainChannel(onLost);
    this.options.onStream?.();
    return this.#channel;
  }

  #plainChannel(onLost: () => void): Channel {
    const channel = new Channel(this.context, 'post');
    channel.connect(this.res, this.options.headers, onLost);
    return channel;
  }

  /** A disconnect is no cancellation, as long as the client can come back (2025-11-25, transports: sending messages). */
  #onLost(): void {
    if (!this.#channel?.resumable) this.#finish();
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#silence?.end();
    this.options.onDone();
  }
}
