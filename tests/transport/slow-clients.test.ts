import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { RawHttp, RawSse } from '../support/raw-client.js';
import { RawSocket } from '../support/socket.js';
import { metric } from '../support/wire.js';

/** Enough to fill the kernel's socket buffers on both sides, so that the rest waits in hearth. */
const BIG = 3_000_000;
const json = (text: string): string => `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
const bigCall = (id: number): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'big', arguments: { bytes: BIG } } });

describe('a client that does not read', () => {
  it(verifies(['W2.buffering'], 'of /sse is closed at its limit, and nobody else notices'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { clientBuffer: 100_000 }, http: { heartbeat: 20 } });
    await untilReady(hearth.url);
    const other = await RawSse.open(`${hearth.url}/sse`);
    await other.initialize();
    await using socket = new RawSocket(hearth.url).read();
    socket.write('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => socket.received.includes('sessionId='));
    const endpoint = /data: (\S+)/.exec(socket.received)?.[1];
    socket.pause();
    for (let id = 1; id <= 5; id++) {
      await fetch(`${hearth.url}${endpoint}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: bigCall(id) });
    }
    expect(await other.call(1, 'echo', { text: 'not disturbed' })).toBe('not disturbed');
    await until(() => hearth.app.sessions.size === 1);
    expect(await metric(hearth.url, 'mcp_sessions_closed_total', 'reason="too_slow"')).toBe(1);
    expect(await metric(hearth.url, 'mcp_transport_connections', 'transport="sse"')).toBe(1);
    expect(await other.call(2, 'echo', { text: 'still not' })).toBe('still not');
    other.close();
  });

  it('of GET /mcp loses its session', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { clientBuffer: 100_000 }, http: { heartbeat: 20 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await using socket = new RawSocket(hearth.url);
    socket.write(`GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${client.session}\r\n\r\n`);
    await until(async () => (await metric(hearth.url, 'mcp_transport_connections', 'transport="get"')) === 1);
    for (let n = 0; n < 5 && hearth.app.sessions.size > 0; n++) await client.call(n, 'log', { level: 'error', data: 'x'.repeat(BIG) });
    await until(() => hearth.app.sessions.size === 0);
    expect(await metric(hearth.url, 'mcp_sessions_closed_total', 'reason="too_slow"')).toBe(1);
  });

  it('of a POST stream loses that stream only', async () => {
    await using hearth = await startApp({
      servers: { fixture: fixture() },
      limits: { clientBuffer: 1_000_000 },
      http: { heartbeat: 20, streamAfter: 1 },
    });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await using socket = new RawSocket(hearth.url);
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 60_000 } } };
    socket.write(`POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nMcp-Session-Id: ${client.session}\r\n${json(JSON.stringify(call))}`);
    await until(async () => (await metric(hearth.url, 'mcp_transport_connections', 'transport="post"')) === 1);
    const other = new RawHttp(client.url);
    await other.open();
    const hangs = async (): Promise<boolean> => (await metric(hearth.url, 'mcp_transport_connections', 'transport="post"')) === 1;
    for (let n = 0; n < 100 && (await hangs()); n++) await other.call(n, 'log', { level: 'error', data: 'x'.repeat(BIG / 10) });
    expect(await hangs()).toBe(false);
    expect(hearth.app.sessions.size).toBe(2);
    expect(await client.call(2, 'echo', { text: 'the session lives' })).toBe('the session lives');
  });

  it('cannot keep the connection of a session that has ended', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, http: { heartbeat: 100 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await using socket = new RawSocket(hearth.url);
    socket.write(`GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${client.session}\r\n\r\n`);
    await until(async () => (await metric(hearth.url, 'mcp_transport_connections', 'transport="get"')) === 1);
    for (let n = 0; n < 3; n++) await client.call(n, 'log', { level: 'error', data: 'x'.repeat(BIG) });
    await client.close();
    expect(await metric(hearth.url, 'http_requests_in_flight')).toBe(2);
    await until(async () => (await metric(hearth.url, 'http_requests_in_flight')) === 1);
  });
});
