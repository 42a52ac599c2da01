import { createParser } from 'eventsource-parser';

export type Json = Record<string, unknown>;

/** A bare client for `/mcp`: shows exactly what is on the wire. Scripts use it too, so it has no syntax that Node cannot strip. */
export class RawHttp {
  session: string | undefined;
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  headers(extra: Record<string, string> = {}): Record<string, string> {
    return {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(this.session && { 'mcp-session-id': this.session }),
      ...extra,
    };
  }

  post(body: unknown, extra: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return fetch(this.url, { method: 'POST', headers: this.headers(extra), body: text, ...(signal && { signal }) });
  }

  /** Initializes and remembers the session. @returns the result */
  async open(capabilities: Json = {}, protocolVersion = '2025-11-25'): Promise<Json> {
    const response = await this.post(initialize(0, capabilities, protocolVersion));
    this.session = response.headers.get('mcp-session-id') ?? undefined;
    const [message] = await messagesOf(response);
    await this.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return message?.result as Json;
  }

  /** Sends a request and returns every message of the response, the reply last. */
  async request(id: unknown, method: string, params?: Json): Promise<Json[]> {
    return messagesOf(await this.post({ jsonrpc: '2.0', id, method, params }));
  }

  /** The text of a tool's first content block. */
  async call(id: unknown, name: string, args: Json = {}): Promise<string> {
    const reply = (await this.request(id, 'tools/call', { name, arguments: args })).at(-1);
    return textOf(reply);
  }

  close(): Promise<Response> {
    return fetch(this.url, { method: 'DELETE', headers: this.headers() });
  }
}

/** A bare client for `/sse`: every event, with names and comments. */
export class RawSse {
  readonly messages: Json[] = [];
  readonly comments: string[] = [];
  endpoint: string | undefined;
  ended = false;
  readonly #abort = new AbortController();
  readonly #checks = new Set<() => void>();

  readonly base: string;
  readonly response: Response;

  private constructor(base: string, response: Response) {
    this.base = base;
    this.response = response;
  }

  static async open(url: string): Promise<RawSse> {
    const abort = new AbortController();
    const response = await fetch(url, { headers: { accept: 'text/event-stream' }, signal: abort.signal });
    const client = new RawSse(url, response);
    client.#abort.signal.addEventListener('abort', () => abort.abort());
    if (response.ok) {
      void client.#read();
      await client.until(() => client.endpoint !== undefined);
    }
    return client;
  }

  async initialize(capabilities: Json = {}, protocolVersion = '2025-11-25'): Promise<Json> {
    const reply = await this.request('init', 'initialize', initialize('init', capabilities, protocolVersion).params as Json);
    await this.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return reply.result as Json;
  }

  send(body: unknown): Promise<Response> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return fetch(new URL(this.endpoint ?? '', this.base), { method: 'POST', headers: { 'content-type': 'application/json' }, body: text });
  }

  /** Sends a request and waits for the reply with the same id. */
  async request(id: unknown, method: string, params?: Json, limitMs = 20_000): Promise<Json> {
    await this.send({ jsonrpc: '2.0', id, method, params });
    await this.until(() => this.reply(id) !== undefined, limitMs);
    return this.reply(id) as Json;
  }

  reply(id: unknown): Json | undefined {
    return this.messages.find((message) => message.id === id && message.method === undefined);
  }

  async call(id: unknown, name: string, args: Json = {}): Promise<string> {
    return textOf(await this.request(id, 'tools/call', { name, arguments: args }));
  }

  /** Waits until the condition holds; looks again at every event. */
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
        reject(new Error(`not seen on the stream within ${limitMs} ms: ${condition}`));
      }, limitMs);
      this.#checks.add(check);
      check();
    });
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(): Promise<void> {
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === 'endpoint') this.endpoint = data;
        else this.messages.push(JSON.parse(data) as Json);
      },
      onComment: (comment) => this.comments.push(comment),
    });
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body as unknown as AsyncIterable<Uint8Array>) {
        parser.feed(decoder.decode(chunk, { stream: true }));
        this.#look();
      }
    } catch {
      // aborted
    }
    this.ended = true;
    this.#look();
  }

  #look(): void {
    for (const check of [...this.#checks]) check();
  }
}

export function initialize(id: unknown, capabilities: Json = {}, protocolVersion = '2025-11-25'): Json {
  const params = { protocolVersion, capabilities, clientInfo: { name: 'raw', version: '1' } };
  return { jsonrpc: '2.0', id, method: 'initialize', params };
}

/** The JSON-RPC messages of a response, whether plain JSON or a stream. */
export async function messagesOf(response: Response): Promise<Json[]> {
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return text ? [JSON.parse(text) as Json] : [];
  const messages: Json[] = [];
  createParser({ onEvent: ({ data }) => data && messages.push(JSON.parse(data) as Json) }).feed(text);
  return messages;
}

export function textOf(reply: Json | undefined): string {
  const { content } = (reply?.result ?? {}) as { content?: Array<{ text: string }> };
  return content?.[0]?.text ?? JSON.stringify(reply);
}
