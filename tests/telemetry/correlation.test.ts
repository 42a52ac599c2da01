import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentCorrelation } from '../../src/telemetry/correlation.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { recordedLog } from '../support/log.js';
import { type Json, RawHttp } from '../support/raw-client.js';
import { RawSocket } from '../support/socket.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const { log, records } = recordedLog();
let hearth: RunningApp;
let client: RawHttp;

beforeAll(async () => {
  hearth = await startApp({ servers: { fixture: fixture() } }, log);
  await untilReady(hearth.url);
  client = new RawHttp(`${hearth.url}/mcp`);
  await client.open();
});
afterAll(() => hearth[Symbol.asyncDispose]());

const call = (name: string, args: Json = {}): Json => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });
const recordOf = (id: string): Json | undefined => records.find(({ correlationId }) => correlationId === id);

describe('X-Correlation-ID', () => {
  it.each(['trace-7', 'a', '!~{"json":1}', 'x'.repeat(128)])('%s is accepted, returned, and on the record of the call', async (id) => {
    const response = await client.post(call('echo', { text: 'hi' }), { 'x-correlation-id': id });
    expect(response.headers.get('x-correlation-id')).toBe(id);
    await until(() => recordOf(id) !== undefined);
    expect(recordOf(id)).toMatchObject({
      level: 'info',
      event: 'request',
      message: 'tools/call echo: ok',
      method: 'tools/call',
      tool: 'echo',
      outcome: 'ok',
      server: 'fixture',
      session: client.session?.split('.')[0],
    });
  });

  it.each(['', 'two words', 'x'.repeat(129), 'caf\u00e9'])('"%s" is replaced by a fresh one', async (id) => {
    const response = await client.post(call('echo'), { 'x-correlation-id': id });
    expect(response.headers.get('x-correlation-id')).toMatch(UUID);
  });

  it('is minted for every request without one, errors and pages included', async () => {
    const ids = await Promise.all(
      ['/health/live', '/nothing', '/mcp', '/messages'].map(async (path) => (await fetch(hearth.url + path)).headers.get('x-correlation-id')),
    );
    for (const id of ids) expect(id).toMatch(UUID);
    expect(new Set(ids).size).toBe(4);
  });

  it('twice is as good as none', async () => {
    await using socket = new RawSocket(hearth.url).read();
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Correlation-ID: one\r\nX-Correlation-ID: two\r\nConnection: close\r\n\r\n');
    await until(() => socket.ended);
    expect(/X-Correlation-ID: (.*)\r\n/.exec(socket.received)?.[1]).toMatch(UUID);
  });

  it('cannot be used to write header or log lines', async () => {
    for (const end of ['\r', '\n', '\0', '\r\n\t', '\x1b[2J']) {
      await using socket = new RawSocket(hearth.url).read();
      socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Correlation-ID: evil${end}Set-Cookie: a=b\r\nConnection: close\r\n\r\n`);
      await until(() => socket.ended);
      expect(socket.received).not.toMatch(/^Set-Cookie/m);
      expect(socket.received).not.toContain('evil');
    }
    expect(JSON.stringify(records)).not.toContain('evil');
  });

  it('is on the record of a call that fails, whoever minted it', async () => {
    const response = await client.post(call('error', { code: -32050 }));
    const id = response.headers.get('x-correlation-id') ?? '';
    await until(() => recordOf(id) !== undefined);
    expect(recordOf(id)).toMatchObject({ level: 'warn', outcome: 'rpc_error', code: -32050 });
  });

  it('is nothing outside of a request', () => {
    expect(currentCorrelation()).toBeUndefined();
  });
});
