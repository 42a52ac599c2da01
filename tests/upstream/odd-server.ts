import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HearthError } from '../../src/errors.js';
import type { Id, Message } from '../../src/protocol/message.js';
import type { RemoteOptions } from '../../src/upstream/http-request.js';
import type { ClosedReason, Connect, Upstream } from '../../src/upstream/upstream.js';
import { until } from '../support/app.js';
import type { Json } from '../support/raw-client.js';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Json | undefined;
}

/** A small HTTP server that answers as the test wants, and what it was sent. Dispose it with `await using`. */
export class OddServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly #server: Server;

  private constructor(answer: (seen: Seen, res: ServerResponse) => void) {
    this.#server = createServer((req, res) => {
      let text = '';
      req.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      req.on('end', () => {
        const body = text ? (JSON.parse(text) as Json) : undefined;
        const seen = { method: req.method ?? '', url: req.url ?? '', headers: req.headers, body };
        this.seen.push(seen);
        answer(seen, res);
      });
    });
  }

  static async start(answer: (seen: Seen, res: ServerResponse) => void): Promise<OddServer> {
    const server = new OddServer(answer);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  of(method: string): Seen[] {
    return this.seen.filter((seen) => seen.method === method);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Begins an event stream. */
export function stream(res: ServerResponse, headers: Record<string, string> = {}): void {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', ...headers }).flushHeaders();
}

export function event(res: ServerResponse, message: unknown): void {
  res.write(`data: ${typeof message === 'string' ? message : JSON.stringify(message)}\n\n`);
}

export function json(res: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  res.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** One remote upstream, and everything that it told its owner. Dispose it with `await using`. */
export class Remote implements AsyncDisposable {
  readonly messages: Message[] = [];
  readonly undelivered: Id[] = [];
  readonly refused: Array<{ id: Id; error: HearthError }> = [];
  readonly closed: ClosedReason[] = [];
  readonly upstream: Upstream;

  constructor(make: (options: RemoteOptions) => Connect, url: string, options: Partial<RemoteOptions> = {}) {
    const given = { url: new URL(url), headers: {}, ca: undefined, connectTimeout: 5_000, maxMessage: 2_000, ...options };
    this.upstream = make(given)({
      onMessage: (message) => this.messages.push(message),
      onOversized: () => {},
      onUndelivered: (id) => this.undelivered.push(id),
      onRefused: (id, error) => this.refused.push({ id, error }),
      onClosed: (reason) => this.closed.push(reason),
    });
  }

  request(id: Id, method = 'tools/call'): void {
    this.upstream.send(JSON.stringify({ jsonrpc: '2.0', id, method }));
  }

  notify(method: string): void {
    this.upstream.send(JSON.stringify({ jsonrpc: '2.0', method }));
  }

  /** Why a request was refused. */
  async refusal(id: Id): Promise<string> {
    const find = (): HearthError | undefined => this.refused.find((refused) => refused.id === id)?.error;
    await until(() => find() !== undefined);
    const { code, message } = find() as HearthError;
    return `${code}: ${message}`;
  }

  async untilClosed(): Promise<string> {
    await until(() => this.closed.length > 0);
    return this.closed[0]?.text ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream.close();
  }
}
