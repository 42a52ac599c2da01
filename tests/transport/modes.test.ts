import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { initialize, type Json, messagesOf, RawHttp, RawSse } from '../support/raw-client.js';
import { metric, received, scratchFile } from '../support/wire.js';

const call = (id: number, name: string, args: Json = {}, extra: Json = {}): Json => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, ...extra },
});

describe('JSON-response mode', () => {
  it(verifies(['W7.json'], 'never answers with a stream, however slow; what is not the reply goes to GET'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, http: { jsonResponse: true, streamAfter: 1 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const response = await client.post(call(1, 'progress', { steps: 2, ms: 60 }, { _meta: { progressToken: 'p' } }));
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await messagesOf(response)).toMatchObject([{ id: 1, result: {} }]);
    const abort = new AbortController();
    const stream = await fetch(client.url, { headers: client.headers(), signal: abort.signal });
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    while (text.split('notifications/progress').length < 3) text += new TextDecoder().decode((await reader.read()).value);
    abort.abort();
    const slow = client.post(call(2, 'sleep', { ms: 60_000 }));
    await until(async () => (await metric(hearth.url, 'mcp_requests_in_flight')) === 1);
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2 } });
    expect((await slow).status).toBe(202);
  });
});

describe('stateless mode', () => {
  it(verifies(['W7.stateless'], 'has no sessions: every POST stands alone, GET and DELETE are 405, and nothing stays'), async () => {
    const journal = scratchFile();
    await using hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) }, http: { stateless: true } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    const hello = await client.post(initialize(1));
    expect(hello.headers.has('mcp-session-id')).toBe(false);
    expect(await messagesOf(hello)).toMatchObject([{ id: 1, result: { serverInfo: { name: 'fixture' } } }]);
    expect((await client.post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202);
    expect(await client.call(2, 'echo', { text: 'alone' })).toBe('alone');
    client.session = 'whatever';
    expect(await client.call(3, 'echo', { text: 'an id is ignored' })).toBe('an id is ignored');
    const progress = await client.post(call(4, 'progress', { steps: 1 }, { _meta: { progressToken: 1 } }));
    expect(await messagesOf(progress)).toHaveLength(2);
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const refused = await fetch(client.url, { method, headers: client.headers() });
      expect({ method, status: refused.status, allow: refused.headers.get('allow') }).toEqual({ method, status: 405, allow: 'POST' });
    }
    expect(hearth.app.sessions.size).toBe(0);
    expect(await metric(hearth.url, 'mcp_sessions_opened_total', 'transport="stateless"')).toBe(5);
    expect(await metric(hearth.url, 'mcp_sessions_closed_total', 'reason="completed"')).toBe(5);
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await sse.initialize();
    expect(await sse.call(1, 'echo', { text: 'sse goes on' })).toBe('sse goes on');
    sse.close();
    await until(() => hearth.app.sessions.size === 0);

    const gone = new AbortController();
    const pending = client.post(call(5, 'sleep', { ms: 60_000, text: 'left' }), {}, gone.signal).then((response) => response.text());
    await until(async () => JSON.stringify(await received(journal, 'tools/call')).includes('left'));
    gone.abort();
    await expect(pending).rejects.toThrow();
    await until(() => hearth.app.sessions.size === 0);
    await until(async () => (await received(journal, 'notifications/cancelled')).length === 1);
  });
});

describe('overload and shutdown', () => {
  it('are told to HTTP too: 503 with Retry-After', async () => {
    await using hearth = await startApp({
      servers: { fixture: fixture() },
      limits: { concurrency: 1, queue: 1, drain: 50 },
      http: { streamAfter: 5_000 },
    });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const inFlight = [1, 2].map((id) => client.post(call(id, 'sleep', { ms: 60_000 })));
    await until(async () => (await metric(hearth.url, 'mcp_requests_in_flight')) === 2);
    const refused = await client.post(call(3, 'echo'));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('mcp-session-id')).toBe(client.session);
    expect(await refused.json()).toMatchObject({ id: 3, error: { code: -32005, data: { retryable: true } } });
    await hearth.app.stop();
    for (const response of await Promise.all(inFlight)) {
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ error: { code: -32010 } });
    }
  });

  it('on a response that streams already they are an error message', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { drain: 50 }, http: { streamAfter: 1 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const response = await client.post(call(1, 'sleep', { ms: 60_000 }));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    await hearth.app.stop();
    expect(await messagesOf(response)).toMatchObject([{ id: 1, error: { code: -32010 } }]);
  });

  it('no session opens while hearth is on its way down', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { drain: 1_000 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const last = client.call(1, 'sleep', { ms: 500 });
    await until(() => hearth.app.busy);
    const stopping = hearth.app.stop();
    for (const response of [
      await new RawHttp(client.url).post(initialize(1)),
      await fetch(`${hearth.url}/sse`),
      await fetch(`${hearth.url}/health/ready`),
    ]) {
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('1');
    }
    expect(await last).toBe('slept');
    await stopping;
  });
});
