import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Id, Message } from '../../src/protocol/message.js';
import type { RemoteOptions } from '../../src/upstream/http-request.js';
import { sseUpstream } from '../../src/upstream/sse.js';
import { streamableHttpUpstream } from '../../src/upstream/streamable-http.js';
import type { ClosedReason, Connect, Upstream } from '../../src/upstream/upstream.js';
import { until } from '../support/app.js';

type Handler = (req: IncomingMessage, res: ServerResponse, body: string) => void;

/** A server that answers as the test says, and an upstream to it with everything that it told its owner. */
class Odd implements AsyncDisposable {
  readonly messages: Message[] = [];
  readonly undelivered: Id[] = [];
  readonly refused: Array<readonly [id: Id, why: string]> = [];
  readonly closed: ClosedReason[] = [];
  readonly seen: string[] = [];
  upstream!: Upstream;
  readonly #server;

  private constructor(handler: Handler) {
    this.#server = createServer((req, res) => {
      let body = '';
      req.on('data', (chunk) => {
        body += chunk;
      });
      req.on('end', () => {
        this.seen.push(`${req.method} ${req.headers['mcp-session-id'] ?? '-'} ${req.headers['mcp-protocol-version'] ?? '-'}`);
        handler(req, res, body);
      });
    });
  }

  static async open(make: (options: RemoteOptions) => Connect, handler: Handler, maxMessage = 10_000): Promise<Odd> {
    const odd = new Odd(handler);
    await new Promise<void>((resolve) => odd.#server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(odd.#server.address() as AddressInfo).port}/x`);
    const connect = make({ url, headers: {}, ca: undefined, connectTimeout: 2_000, maxMessage });
    odd.upstream = connect({
      onMessage: (message) => odd.messages.push(message),
      onOversized: () => {},
      onUndelivered: (id) => odd.undelivered.push(id),
      onRefused: (id, error) => odd.refused.push([id, error.message]),
      onClosed: (reason) => odd.closed.push(reason),
    });
    return odd;
  }

  send(id: number | undefined, method: string): void {
    this.upstream.send(JSON.stringify({ jsonrpc: '2.0', ...(id !== undefined && { id }), method }));
  }

  /** Why a request was refused. */
  async error(): Promise<string> {
    await until(() => this.refused.length > 0);
    return this.refused[0]?.[1] ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const stream = (res: ServerResponse): ServerResponse => res.writeHead(200, { 'Content-Type': 'text/event-stream' });
const reply = (id: number, result: object = {}): string => JSON.stringify({ jsonrpc: '2.0', id, result });
const json = (res: ServerResponse, body: string, status = 200): unknown => res.writeHead(status, { 'Content-Type': 'application/json' }).end(body);

describe('a remote over SSE', () => {
  const open = (onPost: Handler, endpoint = '/m', maxMessage?: number): Promise<Odd> => {
    let events: ServerResponse | undefined;
    return Odd.open(
      sseUpstream,
      (req, res, body) => {
        if (req.method === 'GET') events = stream(res).write(`event: endpoint\ndata: ${endpoint}\n\n`) ? res : res;
        else onPost(req, events as ServerResponse, body);
        if (req.method === 'POST' && !res.headersSent) res.writeHead(202).end();
      },
      maxMessage,
    );
  };

  it('sends what was given to it before the endpoint was known, and drops what is no message', async () => {
    await using odd = await open((_req, events) => void events.write(`data: nonsense\n\ndata: ${reply(1)}\n\n`));
    odd.send(1, 'ping');
    await until(() => odd.messages.length === 1);
    expect(odd.messages[0]).toMatchObject({ kind: 'response', id: 1 });
    await odd.upstream.close();
    expect(() => odd.send(2, 'ping')).toThrow('has ended');
    expect(odd.closed).toEqual([]);
  });

  it('is not given our headers on another origin', async () => {
    await using odd = await open(() => {}, 'http://evil.example/m');
    await until(() => odd.closed.length === 1);
    expect(odd.closed[0]?.text).toContain('another origin');
  });

  it('has its refusals told, with the request', async () => {
    await using odd = await Odd.open(sseUpstream, (req, res) => {
      if (req.method === 'GET') stream(res).write('event: endpoint\ndata: /m\n\n');
      else res.writeHead(500).end();
    });
    odd.send(undefined, 'notifications/x');
    odd.send(7, 'ping');
    expect(await odd.error()).toContain('HTTP 500');
    expect(odd.refused.map(([id]) => id)).toEqual([7]);
  });

  it('that has forgotten the session is closed, with what it never got', async () => {
    await using odd = await Odd.open(sseUpstream, (req, res) => {
      if (req.method === 'GET') stream(res).write('event: endpoint\ndata: /m\n\n');
      else res.writeHead(404).end();
    });
    odd.send(7, 'ping');
    await until(() => odd.closed.length === 1);
    expect([odd.closed[0]?.text, odd.undelivered]).toEqual([expect.stringContaining('no longer knows'), [7]]);
  });

  it.each([
    ['refuses the stream', (_req: IncomingMessage, res: ServerResponse) => void res.writeHead(403).end('no'), 'HTTP 403'],
    ['ends the stream', (_req: IncomingMessage, res: ServerResponse) => void stream(res).end(), 'closed the event stream'],
    [
      'breaks the stream',
      (_req: IncomingMessage, res: ServerResponse) => {
        stream(res).flushHeaders();
        setTimeout(() => res.destroy(), 20);
      },
      'closed the event stream',
    ],
    [
      'sends an event without end',
      (_req: IncomingMessage, res: ServerResponse) => void stream(res).write(`data: ${'x'.repeat(50_000)}`),
      'larger than the limit',
    ],
  ])('that %s is told', async (_what, handler, text) => {
    await using odd = await Odd.open(sseUpstream, handler);
    await until(() => odd.closed.length === 1);
    expect(odd.closed[0]?.text).toContain(text);
  });

  it('whose POST breaks is an error for that request', async () => {
    await using odd = await Odd.open(sseUpstream, (req, res) => {
      if (req.method === 'GET') stream(res).write('event: endpoint\ndata: /m\n\n');
      else res.destroy();
    });
    odd.send(1, 'ping');
    expect(await odd.error()).toContain('cannot reach');
  });
});

describe('a remote over Streamable HTTP', () => {
  const open = (handler: Handler, maxMessage?: number): Promise<Odd> => Odd.open(streamableHttpUpstream, handler, maxMessage);

  it('is told its session and the revision, and goodbye', async () => {
    const odd = await open((req, res, body) => {
      res.setHeader('Mcp-Session-Id', 's1');
      if (req.method !== 'POST') res.writeHead(req.method === 'GET' ? 405 : 200).end();
      else if (body.includes('initialize"')) json(res, reply(1, { protocolVersion: '2025-06-18' }));
      else res.writeHead(202).end();
    });
    odd.send(1, 'initialize');
    await until(() => odd.messages.length === 1);
    odd.send(undefined, 'notifications/initialized');
    await until(() => odd.seen.some((line) => line.startsWith('GET')));
    await odd.upstream.close();
    await odd.upstream.close();
    expect(odd.seen).toEqual(['POST - -', 'POST s1 2025-06-18', 'GET s1 2025-06-18', 'DELETE s1 2025-06-18']);
    expect(() => odd.send(2, 'ping')).toThrow('has ended');
    await odd[Symbol.asyncDispose]();
  });

  it('may answer in batches and streams', async () => {
    await using odd = await open((_req, res, body) => {
      if (body.includes('"id":1')) json(res, `[${reply(1)},{"jsonrpc":"2.0","method":"n"}]`);
      else stream(res).end(`data: {"jsonrpc":"2.0","method":"n"}\n\ndata: rubbish\n\ndata: ${reply(2)}\n\n`);
    });
    for (const id of [1, 2]) {
      odd.send(id, 'ping');
      await until(() => odd.messages.length === 2 * id);
    }
    expect(odd.messages.map(({ kind }) => kind)).toEqual(['response', 'notification', 'notification', 'response']);
  });

  it.each([
    [
      'answers with an error of HTTP',
      (_req: IncomingMessage, res: ServerResponse) => void json(res, '{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}', 500),
      'HTTP 500',
    ],
    ['ends its stream without an answer', (_req: IncomingMessage, res: ServerResponse) => void stream(res).end(), 'without an answer'],
    ['answers with rubbish', (_req: IncomingMessage, res: ServerResponse) => void json(res, '<html>'), 'without an answer'],
    ['answers with too much', (_req: IncomingMessage, res: ServerResponse) => void json(res, 'x'.repeat(50_000)), 'larger than the limit'],
    ['breaks the connection', (_req: IncomingMessage, res: ServerResponse) => void res.destroy(), 'cannot reach'],
  ])('that %s fails that request', async (_what, handler, text) => {
    await using odd = await open(handler);
    odd.send(undefined, 'notifications/x');
    odd.send(1, 'ping');
    expect(await odd.error()).toContain(text);
    expect(odd.closed).toEqual([]);
  });

  it.each(['POST', 'GET'])('that has forgotten the session is found out by %s', async (method) => {
    let gets = 0; // a server whose first GET is 404 has no such stream; one that had it has lost the session
    await using odd = await open((req, res, body) => {
      if (body.includes('"id":1')) json(res.setHeader('Mcp-Session-Id', 's1'), reply(1));
      else if (body.includes('initialized')) res.writeHead(202).end();
      else if (req.method === method && (method === 'POST' || gets++ > 0)) res.writeHead(404).end();
      else if (method === 'GET') stream(res).end();
      else stream(res).flushHeaders();
    });
    odd.send(1, 'initialize');
    await until(() => odd.messages.length === 1);
    odd.send(undefined, 'notifications/initialized');
    if (method === 'POST') odd.send(2, 'ping');
    await until(() => odd.closed.length === 1);
    expect(odd.undelivered).toEqual(method === 'POST' ? [2] : []);
  });

  it('has its stream opened again when it ends', async () => {
    let gets = 0;
    await using odd = await open((req, res) => {
      if (req.method !== 'GET') res.writeHead(202).end();
      else stream(res).end(`data: {"jsonrpc":"2.0","method":"n${gets++}"}\n\n`);
    });
    odd.send(undefined, 'notifications/initialized');
    await until(() => odd.messages.length >= 2);
    expect(odd.messages.map(({ body }) => body.method).slice(0, 2)).toEqual(['n0', 'n1']);
  });
});

it('a server that is not there is a disconnection, and the request was not delivered', async () => {
  const connect = streamableHttpUpstream({
    url: new URL('http://127.0.0.1:1/x'),
    headers: {},
    ca: undefined,
    connectTimeout: 200,
    maxMessage: 1_000,
  });
  const undelivered: Id[] = [];
  const closed: ClosedReason[] = [];
  const upstream = connect({
    onMessage: () => {},
    onOversized: () => {},
    onUndelivered: (id) => undelivered.push(id),
    onRefused: () => {},
    onClosed: (reason) => closed.push(reason),
  });
  upstream.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  await until(() => closed.length === 1);
  expect([closed[0]?.kind, closed[0]?.text, undelivered]).toEqual(['disconnected', expect.stringContaining('cannot reach'), [1]]);
  await upstream.close();
});
