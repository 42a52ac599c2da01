import { EventParser, Wire } from './wire.ts';

/** Where a contestant is reached, and how. */
export interface Target {
  readonly transport: 'http' | 'sse';
  readonly port: number;
  /** Path of `/mcp` or `/sse`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What stands before the names of tools: a hub's server. */
  readonly toolPrefix?: string;
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { progressToken?: unknown; progress?: number };
  readonly result?: { content?: Array<{ text?: string }>; tools?: unknown[] };
  readonly error?: unknown;
}

interface Waiting {
  onReply(reply: Reply, at: number): void;
  onNotification?(reply: Reply): void;
}

const PROTOCOL = '2025-06-18';
const CLIENT = { protocolVersion: PROTOCOL, capabilities: {}, clientInfo: { name: 'bench', version: '1' } };

/** A light MCP client, the same for every contestant. Every reply is checked: its id, and what it says. */
export abstract class Client {
  /** Replies that were what was asked for, and those that were not, or that nobody had asked for. */
  right = 0;
  wrong = 0;
  protected readonly waiting = new Map<number, Waiting>();
  protected readonly target: Target;
  #nextId = 1;

  constructor(target: Target) {
    this.target = target;
  }

  static of(target: Target): Client {
    return target.transport === 'http' ? new HttpClient(target) : new SseClient(target);
  }

  /** Opens a session. */
  async open(): Promise<void> {
    await this.connect();
    await this.request('initialize', CLIENT);
    await new Promise<void>((resolve) => this.post(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }), undefined, resolve));
  }

  /** @returns how long it took until the last byte was there, in milliseconds */
  async echo(text: string): Promise<number> {
    const startedAt = performance.now();
    const { reply, at } = await this.request('tools/call', { name: this.#tool('echo'), arguments: { text } });
    this.#check(reply.result?.content?.[0]?.text === text, reply);
    return at - startedAt;
  }

  async blob(bytes: number): Promise<number> {
    const startedAt = performance.now();
    const { reply, at } = await this.request('tools/call', { name: this.#tool('blob'), arguments: { bytes } });
    this.#check(reply.result?.content?.[0]?.text?.length === bytes, reply);
    return at - startedAt;
  }

  /** A call with as many progress notifications; they must come whole, in order and before the result. */
  async stream(count: number): Promise<number> {
    const startedAt = performance.now();
    const progressToken = 'token';
    let seen = 0;
    const onNotification = ({ params }: Reply): void => {
      if (params?.progressToken === progressToken && params.progress === seen + 1) seen++;
    };
    const params = { name: this.#tool('stream'), arguments: { count }, _meta: { progressToken } };
    const { reply, at } = await this.request('tools/call', params, onNotification);
    this.#check(seen === count && reply.result !== undefined, reply);
    return at - startedAt;
  }

  /** @returns how many tools there are */
  async list(): Promise<number> {
    const { reply } = await this.request('tools/list', {});
    this.#check(Array.isArray(reply.result?.tools), reply);
    return reply.result?.tools?.length ?? 0;
  }

  /** Ends the session and its connections. */
  abstract close(): Promise<void>;
  protected abstract connect(): Promise<void>;
  /** Sends a message; a request's id says where its answer goes. @param onDone called when the server has taken it */
  protected abstract post(body: string, id: number | undefined, onDone?: () => void): void;

  protected receive(data: Buffer): void {
    const at = performance.now();
    const reply = JSON.parse(data.toString()) as Reply;
    const id = reply.method === undefined ? reply.id : undefined;
    if (id === undefined) {
      for (const { onNotification } of this.waiting.values()) onNotification?.(reply);
      return;
    }
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (waiting) waiting.onReply(reply, at);
    else this.wrong++;
  }

  /** What a request cannot be answered with is counted, so that nobody waits for it. */
  protected refused(id: number | undefined, status: number): void {
    const waiting = id === undefined ? undefined : this.waiting.get(id);
    if (id !== undefined) this.waiting.delete(id);
    waiting?.onReply({ error: `HTTP ${status}` }, performance.now());
  }

  protected request(method: string, params: object, onNotification?: (reply: Reply) => void): Promise<{ reply: Reply; at: number }> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.waiting.set(id, { onReply: (reply, at) => resolve({ reply, at }), ...(onNotification && { onNotification }) });
      this.post(JSON.stringify({ jsonrpc: '2.0', id, method, params }), id);
    });
  }

  protected head(method: string, path: string, more: string): string {
    const given = Object.entries(this.target.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
    return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.target.port}\r\n${given.join('')}${more}`;
  }

  #tool(name: string): string {
    return `${this.target.toolPrefix ?? ''}${name}`;
  }

  #check(isRight: boolean, reply: Reply): void {
    if (isRight) {
      this.right++;
      return;
    }
    this.wrong++;
    if (process.env.BENCH_DEBUG) console.error('wrong:', JSON.stringify(reply).slice(0, 300));
  }
}

const JSON_BODY = 'Content-Type: application/json\r\n';

/** Connections that are used again, as many as there are requests at once. */
class Pool {
  readonly #free: Wire[] = [];
  readonly #all = new Set<Wire>();
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  take(): Wire {
    for (let wire = this.#free.pop(); wire; wire = this.#free.pop()) if (!wire.closed) return wire;
    const wire = new Wire(this.#port, () => this.#all.delete(wire));
    this.#all.add(wire);
    return wire;
  }

  give(wire: Wire): void {
    this.#free.push(wire);
  }

  close(): void {
    for (const wire of this.#all) wire.close();
  }
}

/** Streamable HTTP, 2025-06-18. */
class HttpClient extends Client {
  readonly #pool = new Pool(this.target.port);
  #head = this.#headWith('');
  #session = '';

  protected async connect(): Promise<void> {}

  protected post(body: string, id: number | undefined, onDone?: () => void): void {
    const wire = this.#pool.take();
    let isStream = false;
    let refused = 0;
    const parts: Buffer[] = [];
    const events = new EventParser((_name, data) => this.receive(data));
    wire.send(`${this.#head}${Buffer.byteLength(body)}\r\n\r\n${body}`, {
      onHead: (status, head) => {
        isStream = head.includes('text/event-stream');
        refused = status >= 400 ? status : 0;
        if (this.#session === '') this.#learn(head);
      },
      onBody: (part) => {
        if (isStream) events.push(part);
        else parts.push(part);
      },
      onEnd: () => {
        this.#pool.give(wire);
        onDone?.();
        if (refused > 0) this.refused(id, refused);
        else if (!isStream && id !== undefined) this.receive(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
      },
      onLost: () => {
        onDone?.();
        this.refused(id, 0);
      },
    });
  }

  async close(): Promise<void> {
    if (this.#session !== '') {
      const wire = this.#pool.take();
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 2_000).unref();
        wire.send(this.head('DELETE', this.target.path, `Mcp-Session-Id: ${this.#session}\r\nMCP-Protocol-Version: ${PROTOCOL}\r\n\r\n`), {
          onHead: () => {},
          onBody: () => {},
          onEnd: resolve,
          onLost: resolve,
        });
      });
    }
    this.#pool.close();
  }

  #learn(head: string): void {
    this.#session = /\nmcp-session-id: *([^\r\n]+)/i.exec(head)?.[1] ?? '';
    if (this.#session !== '') this.#head = this.#headWith(`Mcp-Session-Id: ${this.#session}\r\nMCP-Protocol-Version: ${PROTOCOL}\r\n`);
  }

  #headWith(more: string): string {
    return this.head('POST', this.target.path, `${JSON_BODY}Accept: application/json, text/event-stream\r\n${more}Content-Length: `);
  }
}

/** HTTP with SSE, 2024-11-05. */
class SseClient extends Client {
  readonly #pool = new Pool(this.target.port);
  #stream: Wire | undefined;
  #head = '';

  protected connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const events = new EventParser((name, data) => {
        if (name !== 'endpoint') {
          this.receive(data);
          return;
        }
        const url = new URL(data.toString(), `http://127.0.0.1:${this.target.port}${this.target.path}`);
        this.#head = this.head('POST', url.pathname + url.search, `${JSON_BODY}Content-Length: `);
        resolve();
      });
      this.#stream = new Wire(this.target.port);
      this.#stream.send(this.head('GET', this.target.path, 'Accept: text/event-stream\r\n\r\n'), {
        onHead: (status) => void (status !== 200 && reject(new Error(`HTTP ${status}`))),
        onBody: (part) => events.push(part),
        onEnd: () => this.#lost(reject),
        onLost: () => this.#lost(reject),
      });
    });
  }

  protected post(body: string, id: number | undefined, onDone?: () => void): void {
    const wire = this.#pool.take();
    wire.send(`${this.#head}${Buffer.byteLength(body)}\r\n\r\n${body}`, {
      onHead: (status) => void (status >= 400 && this.refused(id, status)),
      onBody: () => {},
      onEnd: () => {
        this.#pool.give(wire);
        onDone?.();
      },
      onLost: () => {
        onDone?.();
        this.refused(id, 0);
      },
    });
  }

  /** Nothing that is waited for comes any more. */
  #lost(reject: (error: Error) => void): void {
    reject(new Error('the event stream has ended'));
    for (const id of [...this.waiting.keys()]) this.refused(id, 0);
  }

  async close(): Promise<void> {
    this.#stream?.close();
    this.#pool.close();
  }
}
