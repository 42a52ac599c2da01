import { createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { sseUpstream } from '../../src/upstream/sse.js';
import { until } from '../support/app.js';
import { event, OddServer, Remote, type Seen, stream } from './odd-server.js';

type Res = Parameters<Parameters<typeof OddServer.start>[0]>[1];

/** A server whose stream names an endpoint; the test decides on what is posted there. */
async function served(onPost: (seen: Seen, res: Res, events: Res) => void, onOpen: (events: Res) => void = () => {}): Promise<OddServer> {
  let events: Res;
  return OddServer.start((seen, res) => {
    if (seen.method === 'POST') {
      onPost(seen, res, events);
      return;
    }
    events = res;
    stream(res);
    res.write('event: endpoint\ndata: /post?id=1\n\n');
    onOpen(res);
  });
}

const accepted = (_seen: Seen, res: Res): void => void res.writeHead(202).end();

describe('the stream of a remote server', () => {
  it('names the endpoint; what was sent before goes there, with the headers, and answers come back in order', async () => {
    await using server = await served((seen, res, events) => {
      accepted(seen, res);
      event(events, 'not JSON');
      event(events, { jsonrpc: '2.0', id: seen.body?.id, result: {} });
    });
    await using remote = new Remote(sseUpstream, `${server.origin}/sse`, { headers: { Authorization: 'Bearer abc' } });
    expect(remote.upstream.pid).toBeUndefined();
    remote.request(1);
    await until(() => remote.messages.length === 1);
    remote.notify('notifications/initialized');
    await until(() => server.of('POST').length === 2);
    remote.request(2);
    await until(() => remote.messages.length === 2);
    expect(remote.messages.map((message) => message.kind === 'response' && message.id)).toEqual([1, 2]);
    expect(new Set(server.seen.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer abc']));
    expect(server.of('POST').map(({ url }) => url)).toEqual(['/post?id=1', '/post?id=1', '/post?id=1']);
    await remote.upstream.close();
    expect(() => remote.request(3)).toThrow('has ended');
    expect(remote.closed).toEqual([]);
  });

  it.each([
    ['another origin', 'http://127.0.0.1:1/post'],
    ['another scheme', 'https://127.0.0.1/post'],
    ['no URL at all', 'http://['],
  ])('is refused with an endpoint on %s, and nothing is sent there', async (_what, endpoint) => {
    await using server = await OddServer.start((_seen, res) => {
      stream(res);
      res.write(`event: endpoint\ndata: ${endpoint}\n\n`);
    });
    await using remote = new Remote(sseUpstream, server.origin);
    remote.request(1);
    expect(await remote.untilClosed()).toBe(`${server.origin} named an endpoint on another origin`);
    expect(server.of('POST')).toEqual([]);
  });

  it('ends the connection when it ends, breaks off or is none', async () => {
    await using ending = await served(accepted, (events) => events.end());
    await using breaking = await served(accepted, (events) => setImmediate(() => events.destroy()));
    await using none = await OddServer.start((_seen, res) => res.writeHead(401).end('no'));
    for (const [server, why] of [
      [ending, 'has closed the event stream'],
      [breaking, 'has closed the event stream'],
      [none, 'answered GET with HTTP 401'],
    ] as const) {
      await using remote = new Remote(sseUpstream, server.origin);
      expect(await remote.untilClosed()).toBe(`${server.origin} ${why}`);
      expect(() => remote.request(1)).toThrow('has ended');
      expect(remote.closed).toMatchObject([{ kind: 'disconnected' }]);
    }
  });

  it('is cut at an event larger than the limit, but not by any number of comments and small events', async () => {
    let more = (): void => {};
    await using server = await served(accepted, (events) => {
      for (let n = 0; n < 200; n++) events.write(`: keep-alive ${'x'.repeat(50)}\r\n\r\n`);
      event(events, { jsonrpc: '2.0', method: 'notifications/message' });
      more = () => {
        const timer = setInterval(() => events.write(`data: ${'x'.repeat(999)}\n`), 5);
        events.once('close', () => clearInterval(timer));
      };
    });
    await using remote = new Remote(sseUpstream, server.origin);
    await until(() => remote.messages.length === 1);
    expect(remote.closed).toEqual([]);
    more();
    expect(await remote.untilClosed()).toBe(`${server.origin} sent an event larger than the limit of 2000 bytes`);
  });

  it('brings nothing after the end', async () => {
    let late = (): void => {};
    await using server = await served(accepted, (events) => {
      events.write('event: endpoint\ndata: http://elsewhere/\n\ndata: {"jsonrpc":"2.0","method":"late"}\n\n');
      late = () => events.end();
    });
    await using remote = new Remote(sseUpstream, server.origin);
    await remote.untilClosed();
    late();
    expect(remote.messages).toEqual([]);
  });
});

describe('a message to a remote server', () => {
  it('that is answered with an error status is refused, and nothing else', async () => {
    await using server = await served((seen, res) => res.writeHead(Number(seen.body?.id ?? 500)).end());
    await using remote = new Remote(sseUpstream, server.origin);
    for (const status of [400, 500]) {
      remote.request(status);
      expect(await remote.refusal(status)).toBe(`unavailable: the server answered HTTP ${status}`);
    }
    remote.notify('notifications/custom');
    await until(() => server.of('POST').length === 3);
    expect([remote.undelivered, remote.closed, remote.messages]).toEqual([[], [], []]);
  });

  it('that meets an unknown session ends the connection and may be sent again', async () => {
    for (const kind of ['request', 'notification']) {
      await using server = await served((_seen, res) => res.writeHead(404).end());
      await using remote = new Remote(sseUpstream, server.origin);
      if (kind === 'request') remote.request(1);
      else remote.notify('notifications/custom');
      expect(await remote.untilClosed()).toBe(`${server.origin} no longer knows the session`);
      expect(remote.undelivered).toEqual(kind === 'request' ? [1] : []);
      expect(remote.refused).toEqual([]);
    }
  });

  it('that breaks off on the way is refused; after the end of the connection nobody is told', async () => {
    await using server = await served((_seen, res) => res.destroy());
    await using remote = new Remote(sseUpstream, server.origin);
    remote.request(1);
    expect(await remote.refusal(1)).toMatch(/^unavailable: cannot reach/);
    await using silent = await served(() => {});
    await using other = new Remote(sseUpstream, silent.origin);
    other.request(2);
    await until(() => silent.of('POST').length === 1);
    await other.upstream.close();
    expect([other.refused, other.closed]).toEqual([[], []]);
  });
});

describe('a connection', () => {
  it('that nobody takes ends at once', async () => {
    await using server = await OddServer.start(() => {});
    const { origin } = server;
    await server[Symbol.asyncDispose]();
    await using remote = new Remote(sseUpstream, origin);
    expect(await remote.untilClosed()).toMatch(/^cannot reach .*ECONNREFUSED/);
  });

  it('whose TLS handshake takes too long ends at the limit', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket.on('error', () => {})));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    await using remote = new Remote(sseUpstream, `https://127.0.0.1:${port}`, { connectTimeout: 50 });
    expect(await remote.untilClosed()).toContain('connection attempt timed out');
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
