import type { ServerResponse } from 'node:http';
import { HearthError } from '../errors.js';
import { parseEventId, StreamIds } from '../session/event-id.js';
import type { StreamKind } from '../session/replay.js';
import type { Session, Sink } from '../session/session.js';
import { Channel } from './channel.js';
import { sendError } from './io.js';
import type { PostExchange } from './post-exchange.js';
import type { TransportContext } from './transport.js';

/** GET streams that one session may hold open; a reconnecting client may not have noticed that the old one is dead. */
const MAX_STREAMS = 4;
/** Messages kept for a client that has no stream at the moment. */
const MAX_KEPT = 64;
/** Older clients parse the data of every event as JSON, and a priming event has none. */
const FIRST_WITH_PRIMING = '2025-11-25';

/** The streams of one `/mcp` session: the newest GET stream carries what belongs to no request. */
export class HttpSink implements Sink {
  #streams: Channel[] = [];
  #kept: string[] = [];
  #ids: StreamIds | undefined;
  #session: Session | undefined;
  readonly #posts: PostExchange[] = [];

  /** @param onTooSlow called when the client does not read its stream */
  constructor(
    private readonly context: TransportContext,
    private readonly onTooSlow: () => void,
  ) {}

  get open(): boolean {
    return this.#streams.length > 0;
  }

  /** Streams can be resumed from now on, as streams of this session. */
  bind(session: Session): void {
    this.#session = session;
  }

  send(raw: string): void {
    const { metrics } = this.context;
    const stream = this.#streams.at(-1);
    if (stream) {
      stream.send(raw);
      return;
    }
    const post = this.#posts.findLast(({ carries }) => carries);
    if (post) {
      post.send(raw);
      return;
    }
    this.#kept.push(raw);
    if (this.#kept.length <= MAX_KEPT) return;
    this.#kept.shift();
    metrics.dropped.inc({ reason: 'no_stream' });
  }

  /** `GET /mcp`: another stream from server to client. */
  addStream(res: ServerResponse, headers: Record<string, string>): void {
    const channel = this.newChannel('get');
    this.#attach(channel, res, headers);
    if (this.#primes) channel.prime();
    this.#deliverKept();
  }

  /**
   * `GET /mcp` with `Last-Event-ID`: goes on with the stream that sent that event, and no other (2025-11-25, transports:
   * resumability). What is not known is answered with a new stream.
   */
  resume(res: ServerResponse, headers: Record<string, string>, lastEventId: unknown): void {
    const at = parseEventId(lastEventId);
    const rest = at && this.#session && this.context.sessions.replay.after(this.#session.id, at.stream, at.seq);
    if (!at || !rest) {
      this.addStream(res, headers);
      return;
    }
    const post = this.#posts.find(({ streamId }) => streamId === at.stream);
    if (post) {
      post.reconnect(res, headers, rest.events);
    } else if (rest.kind === 'get') {
      const channel = this.#streams.find(({ id }) => id === at.stream) ?? this.#channel('get', at.stream, [], rest.last);
      this.#attach(channel, res, headers);
      channel.replay(rest.events);
      this.#deliverKept();
    } else if (rest.events.length > 0) {
      const channel = this.#channel('post', at.stream, [], rest.last);
      channel.connect(res, headers, () => {});
      channel.replay(rest.events);
      channel.finish();
    } else {
      // The official clients would come back for ever after a stream that ends without a result: 405 tells them not to.
      sendError(res, new HearthError('method_not_allowed', 'This stream has ended, and nothing of it is left to send.'), {
        ...headers,
        Allow: 'POST, DELETE',
      });
    }
  }

  /**
   * A stream of this session, not connected.
   * @param asked ids of the requests that it answers, as JSON text
   */
  newChannel(kind: StreamKind, asked: readonly string[] = []): Channel {
    this.#ids ??= new StreamIds();
    return this.#channel(kind, this.#ids.next(), asked, 0);
  }

  /** The answer of a POST becomes a stream. */
  postChannel(res: ServerResponse, headers: Record<string, string>, asked: readonly string[], onLost: () => void): Channel {
    const channel = this.newChannel('post', asked);
    channel.connect(res, headers, onLost);
    if (this.#primes) channel.prime();
    return channel;
  }

  addPost(post: PostExchange): void {
    this.#posts.push(post);
  }

  removePost(post: PostExchange): void {
    const at = this.#posts.indexOf(post);
    if (at !== -1) this.#posts.splice(at, 1);
  }

  close(): void {
    for (const stream of this.#streams.splice(0)) stream.finish();
    for (const post of [...this.#posts]) post.abort();
    this.#kept = [];
  }

  get #primes(): boolean {
    return (this.#session?.protocolVersion ?? '') >= FIRST_WITH_PRIMING;
  }

  /** Streams of a session that lasts for one POST have no ids: nobody could come back to them. */
  #channel(kind: StreamKind, stream: string, asked: readonly string[], last: number): Channel {
    if (this.#session?.transport !== 'streamable-http') return new Channel(this.context, kind);
    const { replay: store } = this.context.sessions;
    store.open(this.#session.id, stream, kind, asked);
    return new Channel(this.context, kind, { store, session: this.#session.id, stream, last });
  }

  #attach(channel: Channel, res: ServerResponse, headers: Record<string, string>): void {
    this.#streams = this.#streams.filter((open) => open !== channel);
    channel.connect(res, headers, (tooSlow) => {
      this.#drop(channel);
      if (tooSlow) this.onTooSlow();
    });
    this.#streams.push(channel);
    const [oldest] = this.#streams;
    if (oldest && this.#streams.length > MAX_STREAMS) this.#drop(oldest);
  }

  /** It can be resumed for a while. */
  #drop(channel: Channel): void {
    this.#streams = this.#streams.filter((open) => open !== channel);
    channel.finish();
  }

  #deliverKept(): void {
    for (const raw of this.#kept.splice(0)) this.send(raw);
  }
}
