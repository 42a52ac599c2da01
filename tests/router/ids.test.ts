import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, untilReady } from '../support/app.js';
import { initialize, type Json, RawHttp, RawSse, textOf } from '../support/raw-client.js';
import { metric } from '../support/wire.js';

describe('request ids', () => {
  it(verifies(['RULE1'], 'keeps 1 and "1" and 0 and "" apart while all are in flight'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const ids = [1, '1', 0, '', -3, 1.5, 'ünï"c\\ode', 9_007_199_254_740_991];
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await sse.initialize();
    const http = new RawHttp(`${hearth.url}/mcp`);
    await http.open();
    for (const client of [sse, http]) {
      const replies = await Promise.all(ids.map((id, n) => client.call(id, 'sleep', { ms: 50 - n, text: `for ${JSON.stringify(id)}` })));
      expect(replies).toEqual(ids.map((id) => `for ${JSON.stringify(id)}`));
    }
    sse.close();
  });

  it('answers each of two requests of one session that carry the same id', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const [slow, fast] = await Promise.all([client.call(7, 'sleep', { ms: 150, text: 'slow' }), client.call(7, 'sleep', { ms: 20, text: 'fast' })]);
    expect([slow, fast]).toEqual(['slow', 'fast']);
  });

  it('forwards the text of a reply byte for byte, but for the id', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const odd = '{ "extra":[1.0,1e400,12345678901234567890] , "id":$ID,\t"result":{"z":"\\u00e9 \\ud83d\\ude00","a":1.50},"jsonrpc":"2.0" }';
    const response = await client.post({
      jsonrpc: '2.0',
      id: 'my-id',
      method: 'tools/call',
      params: { name: 'raw', arguments: { line: `${odd}\n` } },
    });
    expect(await response.text()).toBe(odd.replace('$ID', '"my-id"'));
  });

  it('forwards the text of a request byte for byte, on one line', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const body =
      '{\r\n "jsonrpc": "2.0",\n "id": 5,\n "method": "tools/call",\n "params": {"name": "echo", "arguments": {"text": "a\\nb \u2028"}}\n}\n';
    const response = await client.post(body);
    expect(textOf((await response.json()) as Json)).toBe('a\nb \u2028');
  });

  it('drops replies that nobody waits for: unknown ids, doubles, null', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const lines = ['{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"first"}]}}', '{"jsonrpc":"2.0","id":$ID,"result":{}}'];
    const strays = [
      '{"jsonrpc":"2.0","id":424242,"result":{}}',
      '{"jsonrpc":"2.0","id":"x","result":{}}',
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}',
    ];
    expect(await client.call(1, 'raw', { line: `${[...lines, ...strays].join('\n')}\n` })).toBe('first');
    expect(await client.call(1, 'echo', { text: 'still fine' })).toBe('still fine');
    expect(await metric(hearth.url, 'mcp_messages_dropped_total', 'unknown_response_id')).toBe(4);
  });

  it('passes errors of the server on as they are', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const [reply] = await client.request(3, 'tools/call', { name: 'error', arguments: { code: -31999, message: 'odd', data: { why: [1] } } });
    expect(reply).toEqual({ jsonrpc: '2.0', id: 3, error: { code: -31999, message: 'odd', data: { why: [1] } } });
    expect(await metric(hearth.url, 'mcp_rpc_errors_total', 'code="_other"')).toBe(1);
  });
});

describe('sizes', () => {
  it(verifies(['W2.framing', 'W2.buffering'], 'delivers a 32 MiB result intact on both transports'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await sse.initialize();
    const http = new RawHttp(`${hearth.url}/mcp`);
    await http.open();
    const bytes = 32 * 2 ** 20;
    for (const client of [http, sse]) expect((await client.call(1, 'big', { bytes })).length).toBe(bytes);
    sse.close();
  });

  it('fails only the call whose answer is too large', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { message: '100KiB' } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const other = client.call(2, 'sleep', { ms: 200 });
    const [reply] = await client.request(1, 'tools/call', { name: 'big', arguments: { bytes: 200_000 } });
    expect(reply?.error).toMatchObject({ code: -32006, data: { hearth: 'too_large', server: 'fixture' } });
    expect(await other).toBe('slept');
    expect(await client.call(3, 'echo', { text: 'next' })).toBe('next');
  });

  it('refuses a question of the server that is too large', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { message: '100KiB' } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    const opened = await client.post(initialize(0, { sampling: {} }));
    client.session = opened.headers.get('mcp-session-id') ?? '';
    // 90 kB of spaces are escaped to more than 100 KiB on the way back from the server.
    const answer = await client.call(1, 'ask', {
      method: 'sampling/createMessage',
      params: { prompt: '\u0001'.repeat(15_000), more: '"'.repeat(10_000) },
    });
    expect(answer).toContain('larger than the limit');
  });
});
