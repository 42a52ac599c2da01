import { describe, expect, it } from 'vitest';
import { streamableHttpUpstream } from '../../src/upstream/streamable-http.js';
import { until } from '../support/app.js';
import { event, json, OddServer, Remote, type Seen, stream } from './odd-server.js';

type Res = Parameters<Parameters<typeof OddServer.start>[0]>[1];
const SESSION = { 'Mcp-Session-Id': 's1' };
const reply = (id: unknown, result: unknown = {}): object => ({ jsonrpc: '2.0', id, result });

/** A server that opens a session at `initialize`; the test decides on everything else. */
function served(answer: (seen: Seen, res: Res) => void): Promise<OddServer> {
  return OddServer.start((seen, res) => {
    if (seen.body?.method === 'initialize') json(res, reply(seen.body.id, { protocolVersion: '2025-06-18' }), 200, SESSION);
    else if (seen.method === 'DELETE' || (seen.method === 'POST' && seen.body?.id === undefined)) res.writeHead(202).end();
    else answer(seen, res);
  });
}

async function opened(server: OddServer): Promise<Remote> {
  const remote = new Remote(streamableHttpUpstream, `${server.origin}/mcp`, { headers: { 'X-Key': 'k' } });
  remote.request(0, 'initialize');
  await until(() => remote.messages.length === 1);
  return remote;
}

describe('a request', () => {
  it('is answered by JSON, a stream or a batch, and carries session, version and the headers of the config', async () => {
    await using server = await served(({ body }, res) => {
      const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: {} };
      if (body?.id === 1) json(res, reply(1));
      else if (body?.id === 2) json(res, [progress, reply(2)]);
      else {
        stream(res);
        event(res, 'not JSON');
        event(res, JSON.stringify([progress]));
        event(res, reply(3));
        res.end();
      }
    });
    await using remote = await opened(server);
    for (const id of [1, 2, 3]) {
      const before = remote.messages.length;
      remote.request(id);
      await until(() => remote.messages.slice(before).some((message) => message.kind === 'response' && message.id === id));
    }
    expect(remote.messages.map(({ kind }) => kind)).toEqual(['response', 'response', 'notification', 'response', 'notification', 'response']);
    expect(remote.refused).toEqual([]);
    const [first, second] = server.seen;
    expect(first?.headers).not.toHaveProperty('mcp-session-id');
    expect(second?.headers).toMatchObject({ 'mcp-session-id': 's1', 'mcp-protocol-version': '2025-06-18', 'x-key': 'k' });
    await remote.upstream.close();
    await remote.upstream.close();
    expect(server.of('DELETE').map(({ headers }) => headers['mcp-session-id'])).toEqual(['s1']);
    expect(() => remote.request(9)).toThrow('has ended');
  });

  it.each<[string, string, (res: Res) => void]>([
    ['an error status', 'unavailable: the server answered HTTP 500', (res) => void res.writeHead(500).end('oops')],
    [
      'an error of the HTTP layer',
      'unavailable: the server answered HTTP 401',
      (res) => json(res, { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'no' } }, 401),
    ],
    ['a body that is no message', 'unavailable: the server ended the response without an answer', (res) => json(res, '[{}]')],
    [
      'a stream that ends too soon',
      'unavailable: the server ended the response without an answer',
      (res) => {
        stream(res);
        res.end();
      },
    ],
    ['a connection that breaks off', 'unavailable: cannot reach', (res) => void res.destroy()],
    ['a body above the limit', 'too_large: the answer is larger than the limit of 2000 bytes', (res) => json(res, 'x'.repeat(5_000))],
    [
      'an event above the limit',
      'too_large: the answer is larger than the limit of 2000 bytes',
      (res) => {
        stream(res);
        const timer = setInterval(() => res.write(`data: ${'x'.repeat(999)}\n`), 5);
        res.once('close', () => clearInterval(timer));
      },
    ],
  ])('that meets %s is refused, and the connection stays', async (_what, why, answer) => {
    await using server = await served(({ body }, res) => (body?.id === 1 ? answer(res) : json(res, reply(body?.id))));
    await using remote = await opened(server);
    remote.request(1);
    expect(await remote.refusal(1)).toContain(why);
    remote.request(2);
    await until(() => remote.messages.length === 2);
    expect([remote.closed, remote.undelivered]).toEqual([[], []]);
  });

  it('that meets an unknown session ends the connection without a goodbye, and may be sent again', async () => {
    await using server = await served((_seen, res) => void res.writeHead(404).end());
    await using remote = await opened(server);
    remote.request(1);
    expect(await remote.untilClosed()).toBe(`${server.origin} no longer knows the session`);
    expect([remote.undelivered, remote.refused, server.of('DELETE')]).toEqual([[1], [], []]);
  });

  it('that meets 404 without any session is refused: it is the wrong address', async () => {
    await using server = await OddServer.start((_seen, res) => void res.writeHead(404).end());
    await using remote = new Remote(streamableHttpUpstream, server.origin);
    remote.request(1, 'initialize');
    expect(await remote.refusal(1)).toContain('HTTP 404');
    await remote.upstream.close();
    expect(server.of('DELETE')).toEqual([]);
  });

  it('that nobody takes ends the connection and may be sent again', async () => {
    const server = await served(() => {});
    await using remote = await opened(server);
    await server[Symbol.asyncDispose]();
    // A first one may still take the kept connection for alive: then it is refused, since it may have been read.
    for (let id = 1; remote.closed.length === 0; id++) {
      remote.request(id);
      await until(() => remote.refused.length === id || remote.undelivered.length > 0);
    }
    expect(await remote.untilClosed()).toMatch(/^cannot reach .*ECONNREFUSED/);
    expect(remote.undelivered).toEqual([remote.refused.length + 1]);
  });

  it('that was under way at the end is nobody’s any more', async () => {
    let answer = (): void => {};
    await using server = await served((_seen, res) => {
      stream(res);
      answer = () => event(res, reply(1));
    });
    await using remote = await opened(server);
    remote.request(1);
    await until(() => server.of('POST').length === 2);
    const closing = remote.upstream.close();
    answer();
    await closing;
    expect([remote.messages.length, remote.refused, remote.closed]).toEqual([1, [], []]);
  });
});

describe('a notification', () => {
  it('needs no answer, and one that nobody takes ends the connection', async () => {
    const server = await served(() => {});
    await using remote = await opened(server);
    remote.notify('notifications/custom');
    await until(() => server.of('POST').length === 2);
    expect(remote.closed).toEqual([]);
    await server[Symbol.asyncDispose]();
    await until(() => {
      if (remote.closed.length === 0) remote.notify('notifications/custom');
      return remote.closed.length > 0;
    });
    expect([remote.undelivered, remote.refused]).toEqual([[], []]);
  });

  it('that meets an unknown session or breaks off is nobody’s loss', async () => {
    await using server = await OddServer.start(({ body }, res) => {
      if (body?.method === 'initialize') json(res, reply(0), 200, SESSION);
      else if (body?.method === 'break') res.destroy();
      else res.writeHead(404).end();
    });
    await using remote = await opened(server);
    remote.notify('break');
    await until(() => server.of('POST').length === 2);
    remote.notify('gone');
    expect(await remote.untilClosed()).toContain('no longer knows');
    expect([remote.undelivered, remote.refused]).toEqual([[], []]);
  });
});

describe('the stream for what belongs to no request', () => {
  const hello = { jsonrpc: '2.0', method: 'notifications/message' };

  it('is opened after the handshake, and again when it ends, whatever a proxy says meanwhile', async () => {
    const answers: Array<(res: Res) => void> = [
      (res) => void res.writeHead(502).end(),
      (res) => void res.destroy(),
      (res) => {
        stream(res);
        event(res, hello);
        res.end();
      },
      (res) => {
        stream(res);
        event(res, hello);
      },
    ];
    await using server = await served((_seen, res) => answers.shift()?.(res));
    await using remote = await opened(server);
    remote.notify('notifications/initialized');
    await until(() => remote.messages.length === 3, 15_000);
    expect(server.of('GET').every(({ headers }) => headers['mcp-session-id'] === 's1' && headers.accept === 'text/event-stream')).toBe(true);
    expect(remote.closed).toEqual([]);
  });

  it('tells that the server is gone, once nobody can be reached there', async () => {
    const server = await served((_seen, res) => stream(res));
    await using remote = await opened(server);
    remote.notify('notifications/initialized');
    await until(() => server.of('GET').length === 1);
    expect(remote.closed).toEqual([]);
    await server[Symbol.asyncDispose]();
    expect(await remote.untilClosed()).toContain('cannot reach');
  });

  it.each([404, 405])('may be missing: HTTP %d ends nothing', async (status) => {
    await using server = await served(({ method, body }, res) => (method === 'GET' ? res.writeHead(status).end() : json(res, reply(body?.id))));
    await using remote = await opened(server);
    remote.notify('notifications/initialized');
    await until(() => server.of('GET').length === 1);
    remote.request(1);
    await until(() => remote.messages.length === 2);
    expect(remote.closed).toEqual([]);
  });

  it('tells that the session is gone, if there was a stream before', async () => {
    let streams = 0;
    await using server = await served((_seen, res) => {
      if (streams++ > 0) res.writeHead(404).end();
      else {
        stream(res);
        res.end();
      }
    });
    await using remote = await opened(server);
    remote.notify('notifications/initialized');
    expect(await remote.untilClosed()).toContain('no longer knows the session');
  });
});
