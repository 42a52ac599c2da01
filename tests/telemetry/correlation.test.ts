import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentCorrelation } from '../../src/telemetry/correlation.js';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { recordedLog } from '../support/log.js';
import { type Json, RawHttp } from '../support/raw-client.js';
import { RawSocket } from '../support/socket.js';
import { scratchFile } from '../support/wire.js';

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

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('traceparent', () => {
  it.each([
    [`00-${TRACE}-00f067aa0ba902b7-01`, true],
    [`cc-${TRACE}-00f067aa0ba902b7-01-what-comes-later`, true],
    [`00-${TRACE}-00f067aa0ba902b7-01-more`, false],
    [`ff-${TRACE}-00f067aa0ba902b7-01`, false],
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, false],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, false],
    [`00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`, false],
    ['', false],
  ])('%s gives the correlation id: %s', async (traceparent, isValid) => {
    const response = await client.post(call('error', { code: -32050 }), { traceparent });
    const id = response.headers.get('x-correlation-id') ?? '';
    if (!isValid) return expect(id).toMatch(UUID);
    expect(id).toBe(TRACE);
    await until(() => records.some((record) => record.correlationId === TRACE));
    expect(recordOf(TRACE)).toMatchObject({ event: 'request', traceId: TRACE });
  });

  it('gives way to X-Correlation-ID, and is on the record beside it', async () => {
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, 'x-correlation-id': 'mine-9' };
    expect((await client.post(call('echo', { text: 'x' }), headers)).headers.get('x-correlation-id')).toBe('mine-9');
    await until(() => recordOf('mine-9') !== undefined);
    expect(recordOf('mine-9')).toMatchObject({ traceId: TRACE });
  });
});

describe('the server', () => {
  async function lineOf(correlation: boolean, params: string): Promise<string> {
    const journal = scratchFile();
    const servers = { fixture: fixture('', { correlation, env: { FIXTURE_JOURNAL: journal } }) };
    await using own = await startApp({ servers });
    await untilReady(own.url);
    const caller = new RawHttp(`${own.url}/mcp`);
    await caller.open();
    await (await caller.post(`{"jsonrpc":"2.0","id":99,"method":"tools/call","params":${params}}`, { 'x-correlation-id': 'told-1' })).text();
    const lines = (await readFile(journal, 'utf8')).split('\n');
    return lines.find((line) => line.includes('tools/call')) ?? '';
  }

  it(verifies(['O.telemetry'], 'is told the correlation id on request, and the rest stays byte for byte'), async () => {
    const params = '{"name":"echo", "arguments":{"text":"x","big":12345678901234567890}}';
    expect(await lineOf(true, params)).toContain(
      '"params":{"_meta":{"hearth/correlationId":"told-1"},"name":"echo", "arguments":{"text":"x","big":12345678901234567890}}',
    );
    expect(await lineOf(false, params)).toContain(`"params":${params}`);
  });

  it('is told beside what the client says in _meta, and in place of what the client makes up', async () => {
    const params = '{"name":"echo","_meta":{"a":1.0,"hearth/correlationId":"made up"},"arguments":{"big":12345678901234567890}}';
    expect(await lineOf(true, params)).toContain(
      '"params":{"name":"echo","_meta":{"a":1.0,"hearth/correlationId":"told-1"},"arguments":{"big":12345678901234567890}}',
    );
    const other = '{"name":"echo","_meta":{"a":1.0},"arguments":{"big":12345678901234567890}}';
    expect(await lineOf(true, other)).toContain('"_meta":{"hearth/correlationId":"told-1","a":1.0},"arguments":{"big":12345678901234567890}');
  });
});
