import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, type RunningApp, startApp, until } from '../support/app.js';
import { recordedLog } from '../support/log.js';
import { initialize, type Json, messagesOf, RawHttp } from '../support/raw-client.js';
import { RawSocket } from '../support/socket.js';
import { RawStateless } from '../support/stateless.js';
import { verifies } from './requirements.js';

const HOSTILE = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'hostile.mjs');
/** A pattern that backtracks takes years over it. */
const GENEROUS_MS = 5_000;
const FIELD = /^(?:|(?:event: (?:message|endpoint)|data:.*|id: [\w-]+|retry: \d+)|:.*)$/;
const { log, records } = recordedLog('debug');

let hearth: RunningApp;
beforeAll(async () => {
  const hostile = { command: process.execPath, args: [HOSTILE], validate: true };
  hearth = await startApp({ servers: { hostile, other: fixture() }, http: { streamAfter: 20 } }, log);
  await until(() => hearth.app.servers.every(({ router }) => router.ready));
});
afterAll(() => hearth[Symbol.asyncDispose]());

/** Fails when text has an event, a line or a field that hearth did not write. */
function expectWhole(stream: string): void {
  expect(stream).not.toMatch(/[\r\u2028\u2029\u0085]/);
  const lines = stream.split('\n');
  expect(lines.filter((line) => !FIELD.test(line))).toEqual([]);
  for (const line of lines.filter((text) => text.startsWith('data: {'))) expect(JSON.parse(line.slice(6))).toHaveProperty('jsonrpc', '2.0');
}

function expectNoHeaders({ headers }: Response): void {
  expect([headers.get('x-injected'), headers.get('set-cookie')]).toEqual([null, null]);
}

const call = (id: unknown, name: string, args: Json = {}): Json => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });

describe('CVE-2026-29085: text of a server', () => {
  it(verifies(['X.input', 'W2.framing'], 'makes no event and no header on a stream of /mcp'), async () => {
    const client = new RawHttp(`${hearth.url}/servers/hostile/mcp`);
    await client.open();
    const [listed] = (await client.request(1, 'tools/list')) as [{ result: { tools: { name: string }[] } }];
    const names = listed.result.tools.map(({ name }) => name);
    for (const name of ['inject', ...names.filter((each) => each.length > 20), 'unknown\r\ndata: x']) {
      const response = await client.post(call('id\r\ndata: forged\u2028', name));
      expectNoHeaders(response);
      const text = await response.text();
      if (response.headers.get('content-type') === 'text/event-stream') expectWhole(text);
      else expect(JSON.parse(text)).toMatchObject({ jsonrpc: '2.0', id: 'id\r\ndata: forged\u2028' });
      if (name === 'inject')
        expect([response.headers.get('content-type'), text.split('event: message').length - 1]).toEqual(['text/event-stream', 2]);
    }
  });

  it(verifies(['X.input', 'W2.framing'], 'makes no event on /sse: as many as there are messages'), async () => {
    await using socket = new RawSocket(hearth.url);
    socket.write('GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n');
    socket.read();
    const endpoint = async (): Promise<string | undefined> => {
      await until(() => /data: \S+\n/.test(socket.received));
      return /data: (\S+)\n/.exec(socket.received)?.[1];
    };
    const url = hearth.url + (await endpoint());
    const post = async (body: Json): Promise<void> => expect((await new RawHttp(url).post(body)).status).toBe(202);
    const count = (): number => socket.received.split('event: message\n').length - 1;
    const bodies = [
      initialize(1),
      { jsonrpc: '2.0', id: 2, method: 'tools/list' },
      { jsonrpc: '2.0', id: 3, method: 'resources/list' },
      { jsonrpc: '2.0', id: 4, method: 'resources/templates/list' },
      call('\r\n\r\ndata: x\u2028', 'hostile__none\r\n\r\ndata: forged'),
      call(6, 'no\r\n\r\nevent: message\r\ndata: forged\u2028'),
      { jsonrpc: '2.0', id: 7, method: 'no\r\ndata: forged\n\n' },
    ];
    for (const [at, body] of bodies.entries()) {
      await post(body);
      await until(() => count() > at);
    }
    expect(count()).toBe(bodies.length);
    const chunks = socket.received.slice(socket.received.indexOf('\r\n\r\n') + 4);
    // The lengths of chunks are no part of the stream.
    expectWhole(chunks.replace(/^[0-9a-f]+\r\n|\r\n[0-9a-f]+\r\n|\r\n$/g, ''));
  });

  it(verifies(['X.input'], 'makes no line of the log: each record is one'), async () => {
    await until(() => records.some(({ message }) => String(message).includes('forged')));
    expect(records.filter(({ level, event }) => level === undefined || event === undefined)).toEqual([]);
  });
});

describe('CVE-2026-29085: text of a client', () => {
  it.each(['\r', '\n', '\u0085', '\r\n', '\u0000', '\u000b', '\u00e9\u0080\u00a8'])(
    verifies(['X.input'], 'in headers that come back makes no header (%j)'),
    async (end) => {
      for (const name of ['X-Correlation-ID', 'Mcp-Session-Id', 'Last-Event-ID', 'MCP-Protocol-Version', 'Origin', 'X-API-Key']) {
        await using socket = new RawSocket(hearth.url);
        const head = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nAccept: */*\r\n`;
        socket.read().write(Buffer.from(`${head}${name}: a${end}X-Injected: yes\r\nContent-Length: 2\r\n\r\n{}`, 'latin1'));
        await until(() => socket.ended);
        expect(socket.received.split('\r\n\r\n')[0]).not.toMatch(/x-injected/i);
        expect(socket.received.match(/HTTP\/1\.1 (\d)/g)).toHaveLength(1);
        expect(socket.status ?? 0).toBeGreaterThanOrEqual(400);
        expect(socket.status ?? 0).toBeLessThan(500);
      }
    },
  );

  it(verifies(['X.input'], 'in query, path, ids and progress tokens makes no header and no event'), async () => {
    const text = 'a%0d%0aX-Injected:%20yes%0d%0a%0d%0aevent:%20x%E2%80%A8';
    for (const path of [`/messages?sessionId=${text}`, `/servers/${text}/mcp`, `/${text}`, `/sse?x=${text}`, `/servers/${text}/reset`]) {
      const response = await fetch(hearth.url + path, { method: path.startsWith('/sse') ? 'GET' : 'POST', headers: { accept: 'text/event-stream' } });
      expectNoHeaders(response);
      await response.body?.cancel();
    }
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const params = { name: 'other__progress', arguments: { steps: 2, ms: 30 }, _meta: { progressToken: 'p\r\n\r\ndata: forged\u2028' } };
    const response = await client.post({ jsonrpc: '2.0', id: 'i\n\ndata: forged\u2029', method: 'tools/call', params });
    expectWhole(await response.text());
  });
});

describe('CVE-2026-0621: patterns that take their time', () => {
  it(verifies(['X.validation'], 'of a tool are checked in linear time, and others do not wait'), async () => {
    const client = new RawHttp(`${hearth.url}/servers/hostile/mcp`);
    const other = new RawHttp(`${hearth.url}/servers/other/mcp`);
    await Promise.all([client.open(), other.open()]);
    const started = performance.now();
    const [checked, echoed] = await Promise.all([
      client.request(1, 'tools/call', { name: 'slow', arguments: { text: 'a'.repeat(50_000), more: `${'a'.repeat(50_000)}!` } }),
      other.call(1, 'echo', { text: 'well' }),
    ]);
    expect(checked.at(-1)).toMatchObject({ error: { code: -32602 } });
    expect(echoed).toBe('well');
    expect(performance.now() - started).toBeLessThan(GENEROUS_MS);
  });

  it(verifies(['X.input', 'A1.resources'], 'of a template are not run: a hub finds the server by its fixed beginning'), async () => {
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const started = performance.now();
    for (const uri of [`x://${'a'.repeat(50_000)}!`, `x://${'{a'.repeat(20_000)}b`, `x://${'(a+)+'.repeat(5_000)}`]) {
      const [reply] = await client.request(1, 'resources/read', { uri });
      expect(reply).toMatchObject({ result: { contents: [{ uri, text: 'read' }] } });
    }
    expect(await messagesOf(await client.post({ jsonrpc: '2.0', id: 2, method: 'resources/templates/list' }))).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(GENEROUS_MS);
  });

  it(verifies(['X.input'], 'in session ids, names, versions and methods meet no pattern that backtracks'), async () => {
    const modern = new RawStateless(`${hearth.url}/mcp`);
    const long = `${'a.'.repeat(3_000)}!`;
    const started = performance.now();
    for (const name of ['mcp-session-id', 'last-event-id', 'mcp-protocol-version', 'origin', 'x-correlation-id', 'accept', 'content-type']) {
      const { status } = await modern.post('tools/list', {}, { headers: { [name]: name === 'accept' ? 'a/*;'.repeat(2_000) : long } });
      expect(status).toBeLessThan(500);
    }
    await modern.request('tools/call', { name: 'a__'.repeat(1_000) });
    await modern.request(long);
    expect(performance.now() - started).toBeLessThan(GENEROUS_MS);
  });
});
