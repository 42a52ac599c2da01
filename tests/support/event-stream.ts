import { createParser } from 'eventsource-parser';
import { until } from './app.js';
import type { Json, RawHttp } from './raw-client.js';

export interface SeenEvent {
  readonly id: string | undefined;
  readonly data: string;
}

/** One event stream of `/mcp`, from a POST or a GET: every event as it comes, until it is cut. */
export class RawStream {
  readonly events: SeenEvent[] = [];
  readonly retries: number[] = [];
  ended = false;

  private constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {
    void this.#read();
  }

  static async post(client: RawHttp, body: unknown, headers: Record<string, string> = {}): Promise<RawStream> {
    const abort = new AbortController();
    return new RawStream(await client.post(body, headers, abort.signal), abort);
  }

  /** A response that is there already. */
  static async of(make: (signal: AbortSignal) => Promise<Response>): Promise<RawStream> {
    const abort = new AbortController();
    return new RawStream(await make(abort.signal), abort);
  }

  /** @param last what it sends as `Last-Event-ID` */
  static async get(client: RawHttp, last?: string): Promise<RawStream> {
    const abort = new AbortController();
    const headers = client.headers({ accept: 'text/event-stream', ...(last !== undefined && { 'last-event-id': last }) });
    return new RawStream(await fetch(client.url, { headers, signal: abort.signal }), abort);
  }

  get messages(): Json[] {
    return this.events.filter(({ data }) => data !== '').map(({ data }) => JSON.parse(data) as Json);
  }

  /** The id of the last event so far. */
  get last(): string {
    return this.events.at(-1)?.id ?? '';
  }

  /** What the messages are: a method, or the id of a reply. */
  get kinds(): unknown[] {
    return this.messages.map(({ method, id }) => method ?? id);
  }

  async count(events: number): Promise<this> {
    await until(() => this.events.length >= events);
    return this;
  }

  /** Breaks the connection, and waits until this side has noticed. */
  async cut(): Promise<void> {
    this.abort.abort();
    await until(() => this.ended);
  }

  async end(): Promise<this> {
    await until(() => this.ended);
    return this;
  }

  async #read(): Promise<void> {
    const parser = createParser({
      onEvent: ({ id, data }) => this.events.push({ id, data }),
      onRetry: (ms) => this.retries.push(ms),
    });
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body as unknown as AsyncIterable<Uint8Array>) parser.feed(decoder.decode(chunk, { stream: true }));
    } catch {
      // cut
    }
    this.ended = true;
  }
}
