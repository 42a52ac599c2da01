import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { initialize, type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { metric } from '../support/wire.js';

/** Sessions opened, less those closed, are those that are open: always. */
async function expectBalance({ app, url }: RunningApp): Promise<void> {
  const opened = await metric(url, 'mcp_sessions_opened_total');
  const closed = await metric(url, 'mcp_sessions_closed_total');
  expect(opened - closed).toBe(await metric(url, 'chat_sessions_active'));
  expect(app.sessions.size).toBe(opened - closed);
}

describe('the session limit', () => {
  it('refuses one more with 503 and Retry-After on both transports, until one ends', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { sessions: 2 } });
    await untilReady(hearth.url);
    const http = new RawHttp(`${hearth.url}/mcp`);
    await http.open();
    const sse = await RawSse.open(`${hearth.url}/sse`);
    for (const refused of [await new RawHttp(http.url).post(initialize(1)), await fetch(`${hearth.url}/sse`)]) {
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(await refused.json()).toMatchObject({ error: { code: -32005, message: expect.stringContaining('limits.sessions') } });
    }
    expect(await metric(hearth.url, 'mcp_sessions_limit')).toBe(2);
    await expectBalance(hearth);
    sse.close();
    await until(() => hearth.app.sessions.size === 1);
    await new RawHttp(http.url).open();
    await expectBalance(hearth);
  });

  it('a server that cannot be started gets no sessions', async () => {
    await using hearth = await startApp({ servers: { broken: { command: 'no-such-program-here' } } });
    await until(async () => (await fetch(`${hearth.url}/health`)).status === 503);
    await until(async () => (await fetch(`${hearth.url}/sse`)).status === 503);
    const refused = await new RawHttp(`${hearth.url}/mcp`).post(initialize(1));
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: -32003, data: { server: 'broken' } } });
    await expectBalance(hearth);
  });

  it('a handshake that fails is no session on /mcp', async () => {
    await using hearth = await startApp({ servers: { broken: fixture('no-initialize', { startTimeout: 200 }) } });
    const [reply] = await new RawHttp(`${hearth.url}/mcp`).request(1, 'initialize', initialize(1).params as Json);
    expect(reply).toMatchObject({ error: { code: -32003 } });
    expect(hearth.app.sessions.size).toBe(0);
    expect(await metric(hearth.url, 'mcp_sessions_closed_total', 'reason="failed"')).toBe(1);
    await expectBalance(hearth);
  });

  it('a handshake that failed on /sse may be sent again', async () => {
    await using hearth = await startApp({ servers: { late: fixture('', { readyWait: 100, env: { FIXTURE_START_DELAY: '800' } }) } });
    const sse = await RawSse.open(`${hearth.url}/sse`);
    expect(await sse.request(1, 'initialize', initialize(1).params as Json)).toMatchObject({ error: { code: -32003 } });
    await untilReady(hearth.url);
    expect(await sse.initialize()).toMatchObject({ serverInfo: { name: 'fixture' } });
    sse.close();
  });

  it('a session that ends during its handshake frees what the handshake took', async () => {
    await using hearth = await startApp({ servers: { late: fixture('', { env: { FIXTURE_START_DELAY: '500' } }) } });
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await sse.send(initialize(1));
    sse.close();
    await until(() => hearth.app.sessions.size === 0);
    await untilReady(hearth.url);
    expect(sse.messages).toEqual([]);
    await expectBalance(hearth);
  });
});

describe('other limits', () => {
  it('one client may have only so many sessions', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { sessionsPerClient: 1 } });
    await untilReady(hearth.url);
    const first = await RawSse.open(`${hearth.url}/sse`);
    const refused = await fetch(`${hearth.url}/sse`);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining('limits.sessionsPerClient') } });
    first.close();
    await until(() => hearth.app.sessions.size === 0);
    await new RawHttp(`${hearth.url}/mcp`).open();
    await expectBalance(hearth);
  });

  it('a session may be only so old, used or not', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { sessionMaxAge: 300, sweepInterval: 20 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await until(async () => (await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status === 404);
    expect(await metric(hearth.url, 'mcp_sessions_closed_total', 'reason="too_old"')).toBe(1);
    await expectBalance(hearth);
  });
});

describe('the end of a session', () => {
  it('drops answers that come later', async () => {
    const late = fixture('', { env: { FIXTURE_START_DELAY: '600' } });
    await using hub = await startApp({ servers: { late, other: fixture() } });
    const sse = await RawSse.open(`${hub.url}/sse`);
    await sse.send({ jsonrpc: '2.0', id: 1, method: 'tools/list' }); // waits for the first start
    sse.close();
    await until(() => hub.app.sessions.size === 0);
    await untilReady(hub.url);
    expect(sse.messages).toEqual([]);
    await expectBalance(hub);
  });

  it('needs no capabilities from its client', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    const [reply] = await client.request(1, 'initialize', { protocolVersion: '2025-06-18' });
    expect(reply).toMatchObject({ result: { protocolVersion: '2025-06-18' } });
  });
});

describe('the idle limit', () => {
  const limits = { sessionTimeout: 400, sweepInterval: 20 };

  it(verifies(['W2.idle'], 'ends a silent session; one that is used stays'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits });
    await untilReady(hearth.url);
    const [silent, used] = [new RawHttp(`${hearth.url}/mcp`), new RawHttp(`${hearth.url}/mcp`)];
    await Promise.all([silent.open(), used.open()]);
    await until(async () => {
      await used.request(1, 'ping');
      return hearth.app.sessions.size === 1;
    });
    expect((await used.post({ jsonrpc: '2.0', id: 2, method: 'ping' })).status).toBe(200);
    expect((await silent.post({ jsonrpc: '2.0', id: 2, method: 'ping' })).status).toBe(404);
    expect(await metric(hearth.url, 'mcp_sessions_closed_total', 'reason="idle"')).toBe(1);
    expect(await metric(hearth.url, 'mcp_session_idle_timeout_seconds')).toBe(0.4);
    expect(await metric(hearth.url, 'mcp_session_duration_seconds_count')).toBe(1);
    await expectBalance(hearth);
  });

  it('a session that waits for an answer is not idle', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    expect(await client.call(1, 'sleep', { ms: 1_200, text: 'worth the wait' })).toBe('worth the wait');
    await until(() => hearth.app.sessions.size === 0);
  });

  it(verifies(['W2.idle'], 'an open stream is asked, and stays as long as the client answers'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits });
    await untilReady(hearth.url);
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await sse.initialize();
    const answered = new Set<unknown>();
    const pings = (): Json[] => sse.messages.filter(({ method, id }) => method === 'ping' && !answered.has(id));
    const deadline = performance.now() + 1_500;
    while (performance.now() < deadline) {
      await until(() => pings().length > 0);
      for (const { id } of pings()) {
        answered.add(id);
        await sse.send({ jsonrpc: '2.0', id, result: {} });
      }
    }
    expect(sse.ended).toBe(false);
    expect(hearth.app.sessions.size).toBe(1);
    await sse.until(() => sse.ended); // it answers no more
    await until(() => hearth.app.sessions.size === 0);
    expect(await metric(hearth.url, 'mcp_sessions_closed_total', 'reason="idle"')).toBe(1);
    await expectBalance(hearth);
  });
});

describe('shutdown', () => {
  it('ends every session once, with the reason', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await new RawHttp(`${hearth.url}/mcp`).open();
    const { sessions } = hearth.app;
    expect(sessions.byTransport()).toEqual({ sse: 1, 'streamable-http': 1 });
    await Promise.all([hearth.app.stop(), hearth.app.stop()]);
    await sse.until(() => sse.ended);
    expect(sessions.size).toBe(0);
    expect(sessions.oldestIdleSeconds()).toBe(0);
  });
});
