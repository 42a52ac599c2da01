import { createParser } from 'eventsource-parser';
import { initialize, type Json } from '../../support/raw-client.js';

export type Transport = 'sse' | 'http';

/** What a client may answer a server's question with; without it, it offers no capability. */
export interface SubjectOptions {
  readonly answer?: Json;
}

/**
 * One client that keeps every message it gets, on whichever stream, so that the outcomes of each of its requests can be
 * counted. The same from outside on both transports.
 */
export class Subject implements Disposable {
  /** Everything that came, in order. */
  readonly seen: Json[] = [];
  /** Ids of requests that were sent. */
  readonly sent: number[] = [];
  readonly cancelled = new Set<number>();
  readonly #abort = new AbortController();
  readonly #checks = new Set<() => void>();
  #target: string;
  #headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  #open = false;

  /** @param base URL of hearth, or of one server under it, without a slash at its end */
  constructor(
    base: string,
    readonly transport: Transport,
    private readonly options: SubjectOptions = {},
  ) {
    this.#target = `${base}/${transport === 'sse' ? 'sse' : 'mcp'}`;
  }

  /** Connects and shakes hands. @returns the reply to `initialize`, or the error that refused the connection */
  async open(): Promise<Json> {
    if (this.transport === 'sse') {
      const refused = await this.#connect();
      if (refused) return refused;
    }
    const { params } = initialize(0, this.options.answer ? { sampling: {}, roots: {} } : {});
    const reply = (await this.request('initialize', params as Json)) ?? {};
    if (reply.error) return reply;
    this.#open = true;
    await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    if (this.transport === 'http') {
      const stream = await fetch(this.#target, { headers: { ...this.#headers, accept: 'text/event-stream' }, signal: this.#abort.signal });
      void this.#read(stream);
    }
    return reply;
  }

  /** Sends a request. @returns its first reply; undefined when there will be none */
  async request(method: string, params: Json = {}): Promise<Json | undefined> {
    const id = this.send(method, params);
    return this.outcome(id);
  }

  call(name: string, args: Json = {}): Promise<Json | undefined> {
    return this.request('tools/call', { name, arguments: args });
  }

  /** Sends a request and waits for nothing. @returns its id */
  send(method: string, params: Json = {}): number {
    const id = this.sent.length;
    this.sent.push(id);
    void this.#post({ jsonrpc: '2.0', id, method, params }).catch(() => {});
    return id;
  }

  async cancel(id: number): Promise<void> {
    this.cancelled.add(id);
    await this.#post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
    this.#look();
  }

  /** Waits for the reply to a request. @returns undefined once it is cancelled or this client is gone */
  async outcome(id: number, limitMs = 20_000): Promise<Json | undefined> {
    await this.until(() => this.replies(id).length > 0 || this.cancelled.has(id) || this.gone, limitMs);
    return this.replies(id)[0];
  }

  /** All replies to one request: more than one is a fault of hearth's. */
  replies(id: number): Json[] {
    return this.seen.filter((message) => message.id === id && message.method === undefined);
  }

  notifications(method: string): Json[] {
    return this.seen.filter((message) => message.method === method);
  }

  /** Goes without a word, like a client that crashes. */
  drop(): void {
    this.#abort.abort();
    this.#look();
  }

  get gone(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Ends the session as its transport has it. */
  async close(): Promise<void> {
    if (this.transport === 'http' && this.#open && !this.gone) await fetch(this.#target, { method: 'DELETE', headers: this.#headers });
    this.drop();
  }

  [Symbol.dispose](): void {
    this.drop();
  }

  /** Waits until the condition holds; looks again at every message. */
  until(condition: () => boolean, limitMs = 20_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#checks.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#checks.delete(check);
        reject(new Error(`not seen by this client within ${limitMs} ms: ${condition}; seen: ${JSON.stringify(this.seen).slice(-500)}`));
      }, limitMs);
      this.#checks.add(check);
      check();
    });
  }

  /** @returns the error of a refused connection */
  async #connect(): Promise<Json | undefined> {
    const response = await fetch(this.#target, { headers: { accept: 'text/event-stream' }, signal: this.#abort.signal });
    if (!response.ok) return (await response.json()) as Json;
    let endpoint = '';
    void this.#read(response, (data) => {
      endpoint = data;
    });
    await this.until(() => endpoint !== '');
    this.#target = new URL(endpoint, this.#target).href;
    return undefined;
  }

  async #post(body: Json): Promise<void> {
    const text = JSON.stringify(body);
    const response = await fetch(this.#target, { method: 'POST', headers: this.#headers, body: text, signal: this.#abort.signal });
    const session = response.headers.get('mcp-session-id');
    if (session) this.#headers = { ...this.#headers, 'mcp-session-id': session };
    // An answer that names no request still ends the one that was posted.
    if (response.ok) await this.#read(response);
    else this.#receive(JSON.stringify({ ...((await response.json()) as Json), id: body.id }));
    this.#look();
  }

  async #read(response: Response, onEndpoint?: (data: string) => void): Promise<void> {
    try {
      const type = response.headers.get('content-type') ?? '';
      if (type.startsWith('text/event-stream')) await this.#readEvents(response, onEndpoint);
      else if (type.startsWith('application/json')) this.#receive(await response.text());
      else await response.text();
    } catch {
      // dropped
    }
    this.#look();
  }

  async #readEvents(response: Response, onEndpoint?: (data: string) => void): Promise<void> {
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === 'endpoint') onEndpoint?.(data);
        else if (data !== '') this.#receive(data); // the first event of a stream may have an id alone
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      this.#look();
    }
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as Json;
    this.seen.push(message);
    if (message.method === undefined || message.id === undefined) return;
    const result = message.method === 'ping' ? {} : this.options.answer;
    const answer = result ? { result } : { error: { code: -32601, message: 'Method not found' } };
    void this.#post({ jsonrpc: '2.0', id: message.id, ...answer }).catch(() => {});
  }

  #look(): void {
    for (const check of [...this.#checks]) check();
  }
}

/** What a reply says, in short: the first text of a result, or the code of an error; undefined when there was none. */
export function gist(reply: Json | undefined): string | number | undefined {
  if (!reply) return undefined;
  if (reply.error) return (reply.error as { code: number }).code;
  const { content } = reply.result as { content?: Array<{ text: string }> };
  return content?.[0]?.text ?? 'a result';
}
