import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { type Json, messagesOf, RawHttp, RawSse } from '../support/raw-client.js';

let hearth: RunningApp;
beforeAll(async () => {
  hearth = await startApp({ servers: { 'my-server': fixture('', { denyTools: ['die'] }), other: fixture() }, limits: { message: 100_000 } });
  await until(() => hearth.app.servers.every(({ router }) => router.ready));
});
afterAll(() => hearth[Symbol.asyncDispose]());

async function call(body: unknown, extra: RequestInit = {}): Promise<{ status: number; body: Json }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${hearth.url}/mcp-rest/tools/call`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: text,
    ...extra,
  });
  return { status: response.status, body: (await response.json()) as Json };
}

describe('GET /v1/mcp/tools', () => {
  it(verifies(['L.paths'], 'lists the tools of all servers as LiteLLM does'), async () => {
    const { tools } = (await (await fetch(`${hearth.url}/v1/mcp/tools`)).json()) as { tools: Json[] };
    const names = tools.map(({ name }) => name);
    expect([names.includes('my_server-echo'), names.includes('other-die'), names.includes('my_server-die')]).toEqual([true, true, false]);
    expect(tools[0]).toMatchObject({
      title: null,
      description: 'fixture tool echo',
      inputSchema: { type: 'object' },
      annotations: null,
      _meta: null,
    });
  });
});

describe('POST /mcp-rest/tools/call', () => {
  const echo = { name: 'echo', arguments: { text: 'hi' } };

  it.each([
    { server_id: 'my-server', ...echo },
    { server_id: 'my_server', ...echo },
    { ...echo, name: 'my_server-echo' },
    { server_id: 'my_server', ...echo, name: 'my_server-echo' },
  ])(verifies(['L.paths'], 'calls a tool: %j'), async (body) => {
    const expected = { _meta: null, structuredContent: null, isError: false, content: [{ type: 'text', text: 'hi' }] };
    expect(await call(body)).toEqual({ status: 200, body: expect.objectContaining(expected) });
  });

  it.each([
    ['{', 400, 'not valid JSON'],
    [[], 400, 'must be an object'],
    [{}, 400, '"name" must be'],
    [{ ...echo, server_id: 1 }, 400, '"server_id" must be'],
    [{ name: 'my_server-echo', arguments: [] }, 400, '"arguments" must be'],
    [{ server_id: 'none', ...echo }, 404, 'There is no server "none"'],
    [echo, 404, 'There is no server "echo"'],
    [{ server_id: 'my-server', name: 'die' }, 400, 'is not offered here'],
    [{ server_id: 'other', name: 'error', arguments: { message: 'quite wrong' } }, 502, 'quite wrong'],
    [{ server_id: 'other', name: 'die' }, 502, 'exited with code 1'],
    ['x'.repeat(100_001), 413, 'larger than the limit'],
  ])('refuses %j', async (body, status, message) => {
    expect(await call(body)).toEqual({ status, body: { detail: { error: expect.any(String), message: expect.stringContaining(message) } } });
    await until(() => hearth.app.servers.every(({ router }) => router.ready));
  });

  it('is a POST of JSON', async () => {
    expect((await fetch(`${hearth.url}/mcp-rest/tools/call`)).status).toBe(405);
    expect((await call('x', { headers: { 'content-type': 'text/plain' } })).status).toBe(415);
  });

  it('cancels the call when its caller leaves, and leaves nothing', async () => {
    const abort = new AbortController();
    const slow = call({ server_id: 'other', name: 'sleep', arguments: { ms: 60_000 } }, { signal: abort.signal }).catch(() => 'left');
    await until(() => hearth.app.busy);
    abort.abort();
    expect(await slow).toBe('left');
    await until(() => !hearth.app.busy);
    expect(hearth.app.sessions.size).toBe(0);
  });
});

describe('events with a limit', () => {
  it(verifies(['L.real'], 'carry in place of a larger result what a model can act on; JSON answers have no limit'), async () => {
    await using limited = await startApp({ servers: { fixture: fixture() }, http: { maxEvent: 2_000, streamAfter: '1h' } });
    await untilReady(limited.url);
    const sse = await RawSse.open(`${limited.url}/sse`);
    await sse.initialize();
    expect(await sse.call(1, 'echo', { text: 'small' })).toBe('small');
    const large = await sse.request(2, 'tools/call', { name: 'big', arguments: { bytes: 5_000 } });
    expect(large).toMatchObject({ id: 2, result: { isError: true, content: [{ text: expect.stringContaining('2000 bytes, --max-event-size') }] } });
    expect(await sse.request(3, 'prompts/get', { name: 'x'.repeat(5_000) })).toMatchObject({ id: 3, error: { code: -32006 } });
    await sse.call(4, 'emit', { method: 'notifications/message', params: { level: 'info', data: 'x'.repeat(5_000) } });
    expect(sse.messages.some(({ method }) => method === 'notifications/message')).toBe(false);
    sse.close();
    const http = new RawHttp(`${limited.url}/mcp`);
    await http.open();
    const [whole] = await messagesOf(
      await http.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'big', arguments: { bytes: 5_000 } } }),
    );
    expect(JSON.stringify(whole)).toContain('x'.repeat(5_000));
  });
});
