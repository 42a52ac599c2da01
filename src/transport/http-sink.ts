import type { ServerResponse } from 'node:http';
import type { Sink } from '../session/session.js';
import { EventWriter } from './event-writer.js';
import type { PostExchange } from './post-exchange.js';
import { countMessage, type TransportContext } from './transport.js';

/** GET streams that one session may hold open; a reconnecting client may not have noticed that the old one is dead. */
const MAX_STREAMS = 4;
/** Messages kept for a client that has no stream at the moment. */
const MAX_KEPT = 64;

/** The streams of one `/mcp` session: the newest GET stream carries what belongs to no request. */
export class HttpSink implements Sink {
  #streams: EventWriter[] = [];
  #kept: string[] = [];
  readonly #posts = new Set<PostExchange>();

  /** @param onTooSlow called when the client does not read its stream */
  constructor(
    private readonly context: TransportContext,
    private readonly onTooSlow: () => void,
  ) {}

  get open(): boolean {
    return this.#streams.length > 0;
  }

  send(raw: string): void {
    const { metrics } = this.context;
    const stream = this.#streams.at(-1);
    if (stream) {
      countMessage(metrics, 'out', raw);
      stream.message(raw);
      return;
    }
    const post = [...this.#posts].findLast(({ streamable }) => streamable);
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
    const { metrics, settings } = this.context;
    metrics.connections.inc({ transport: 'get' });
    const stream: EventWriter = new EventWriter(
      res,
      settings,
      {
        onClose: (tooSlow) => {
          metrics.connections.dec({ transport: 'get' });
          this.#streams = this.#streams.filter((open) => open !== stream);
          if (tooSlow) this.onTooSlow();
        },
      },
      headers,
    );
    this.#streams.push(stream);
    if (this.#streams.length > MAX_STREAMS) this.#streams[0]?.end();
    for (const raw of this.#kept.splice(0)) this.send(raw);
  }

  addPost(post: PostExchange): void {
    this.#posts.add(post);
  }

  removePost(post: PostExchange): void {
    this.#posts.delete(post);
  }

  close(): void {
    for (const stream of [...this.#streams]) stream.end();
    for (const post of [...this.#posts]) post.abort();
    this.#kept = [];
  }
}
