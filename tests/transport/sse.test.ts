import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { RawHttp, RawSse } from '../support/raw-client.js';
import { RawSocket } from '../support/socket.js';
import { metric, received, scratchFile } from '../support/wire.js';

const journal = scratchFile();
let hearth: RunningApp;

beforeAll(async () => {
  hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) }, http: { heartbeat: 50 } });
  await untilReady(hearth.url);
});
afterAll(() => hearth[Symbol.asyncDispose]());

describe('GET /sse', () => {
  it(verifies(['W1.sse'], 'sends the endpoint first, at once, and relative to the host'), async () => {
    await using socket = new RawSocket(hearth.url).read();
    socket.write('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => socket.received.includes('data:'));
    const [head, ...body] = socket.received.split('\r\n\r\n');
    expect(head).toContain('HTTP/1.1 200 OK');
    expect(head).toContain('Content-Type: text/event-stream');
    expect(head).toContain('Cache-Control: no-store, no-transform');
    expect(head).toContain('X-Accel-Buffering: no');
    expect(body.join('')).toMatch(/^[0-9a-f]+\r\nevent: endpoint\ndata: \/messages\?sessionId=[0-9a-f-]{36}\n\n/);
  });

  it(verifies(['W2.heartbeats'], 'is kept alive by comments'), async () => {
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.until(() => client.comments.length >= 3);
    expect(new Set(client.comments)).toEqual(new Set(['heartbeat']));
    expect(client.messages).toEqual([]);
    client.close();
  });

  it('accepts messages with 202 before they are answered', async () => {
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize();
    const accepted = await client.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 300 } } });
    expect(accepted.status).toBe(202);
    expect(await accepted.text()).toBe('Accepted');
    expect(client.reply(1)).toBeUndefined();
    await client.until(() => client.reply(1) !== undefined);
    client.close();
  });

  it('delivers errors, progress and the answers to ping on the stream', async () => {
    const client = await RawSse.open(`${hearth.url}/sse`);
    expect(await client.request('p', 'ping')).toEqual({ jsonrpc: '2.0', id: 'p', result: {} });
    expect(await client.request(1, 'initialize', {})).toMatchObject({ error: { code: -32602 } });
    await client.initialize();
    await client.request(2, 'tools/call', { name: 'progress', arguments: { steps: 2 }, _meta: { progressToken: 'mine' } });
    expect(client.messages.filter(({ method }) => method === 'notifications/progress')).toHaveLength(2);
    client.close();
  });

  it(verifies(['RULE8'], 'ends the session with its stream, and cancels upstream what it waited for'), async () => {
    const closedBefore = await metric(hearth.url, 'mcp_sessions_closed_total', 'reason="disconnected"');
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize();
    await client.send({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 60_000, text: 'abandoned' } } });
    const call = async () => (await received(journal, 'tools/call')).find(({ params }) => JSON.stringify(params).includes('abandoned'));
    await until(async () => (await call()) !== undefined);
    const upstreamId = (await call())?.id;
    const before = hearth.app.sessions.size;
    client.close();
    await until(() => hearth.app.sessions.size === before - 1);
    await until(async () =>
      (await received(journal, 'notifications/cancelled')).some(({ params }) => (params as { requestId: unknown }).requestId === upstreamId),
    );
    expect(await metric(hearth.url, 'mcp_sessions_closed_total', 'reason="disconnected"')).toBe(closedBefore + 1);
    const late = await client.send({ jsonrpc: '2.0', id: 8, method: 'ping' });
    expect(late.status).toBe(404);
  });

  it('does nothing for a message whose session ends while its body is on the way', async () => {
    const client = await RawSse.open(`${hearth.url}/sse`);
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"too late"}}}';
    await using socket = new RawSocket(hearth.url).read();
    socket.write(`POST ${client.endpoint} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(body.slice(0, 20));
    const before = hearth.app.sessions.size;
    client.close();
    await until(() => hearth.app.sessions.size === before - 1);
    socket.write(body.slice(20));
    await until(() => socket.status !== undefined);
    expect(socket.status).toBe(404);
    expect(JSON.stringify(await received(journal))).not.toContain('too late');
  });

  it('serves several clients, and both transports at once on one port', async () => {
    const sse = await Promise.all([1, 2, 3].map(() => RawSse.open(`${hearth.url}/sse`)));
    const http = [1, 2, 3].map(() => new RawHttp(`${hearth.url}/mcp`));
    await Promise.all([...sse.map((client) => client.initialize()), ...http.map((client) => client.open())]);
    const clients = [...sse, ...http];
    const answers = await Promise.all(clients.map((client, who) => client.call(1, 'echo', { text: `client ${who}` })));
    expect(answers).toEqual(clients.map((_, who) => `client ${who}`));
    const status = (await (await fetch(`${hearth.url}/status`)).json()) as { sessions: { byTransport: Record<string, number> } };
    expect(status.sessions.byTransport).toEqual({ sse: 3, 'streamable-http': 3 });
    expect(await metric(hearth.url, 'mcp_transport_connections', 'transport="sse"')).toBe(3);
    for (const client of sse) client.close();
    for (const client of http) await client.close();
    await until(async () => (await metric(hearth.url, 'mcp_transport_connections', 'transport="sse"')) === 0);
    expect(hearth.app.sessions.size).toBe(0);
  });

  it('refuses POST /sse, GET /messages and others with 405 and what is allowed', async () => {
    const wrong: Array<[method: string, path: string, allow: string]> = [
      ['POST', '/sse', 'GET'],
      ['DELETE', '/sse', 'GET'],
      ['GET', '/messages', 'POST'],
      ['PUT', '/messages', 'POST'],
      ['PUT', '/mcp', 'GET, POST, DELETE'],
      ['PATCH', '/mcp', 'GET, POST, DELETE'],
    ];
    for (const [method, path, allow] of wrong) {
      const response = await fetch(`${hearth.url}${path}`, { method });
      expect({ path, status: response.status, allow: response.headers.get('allow') }).toEqual({ path, status: 405, allow });
      expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: { code: -32013 } });
    }
  });
});

describe('sessions belong to their endpoint', () => {
  it('one of /sse is unknown to /mcp, and the other way round', async () => {
    const sse = await RawSse.open(`${hearth.url}/sse`);
    const http = new RawHttp(`${hearth.url}/mcp`);
    http.session = new URL(sse.endpoint ?? '', hearth.url).searchParams.get('sessionId') ?? undefined;
    expect((await http.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404);
    http.session = undefined;
    await http.open();
    const ping = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' };
    expect((await fetch(`${hearth.url}/messages?sessionId=${http.session}`, ping)).status).toBe(404);
    await http.close();
    sse.close();
  });

  it('the path of a server names a wrapper as well; its sessions are its own', async () => {
    const root = new RawHttp(`${hearth.url}/mcp`);
    await root.open();
    const other = new RawHttp(`${hearth.url}/servers/fixture/mcp`);
    other.session = root.session;
    expect((await other.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404);
    expect((await fetch(other.url, { headers: other.headers() })).status).toBe(404);
    other.session = undefined;
    await other.open();
    expect(await other.call(1, 'echo', { text: 'by name' })).toBe('by name');
    await root.close();
    await other.close();
  });
});
