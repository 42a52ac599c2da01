import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { RawStream } from '../support/event-stream.js';
import { initialize, type Json, messagesOf, RawHttp } from '../support/raw-client.js';
import { metric, received, scratchFile } from '../support/wire.js';

const journal = scratchFile();
let hearth: RunningApp;
let client: RawHttp;

beforeAll(async () => {
  hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) }, http: { heartbeat: 50, streamAfter: 100 } });
  await untilReady(hearth.url);
});
afterAll(() => hearth[Symbol.asyncDispose]());
beforeEach(async () => {
  client = new RawHttp(`${hearth.url}/mcp`);
  await client.open();
});

const call = (id: number, name: string, args: Json = {}, extra: Json = {}): Json => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, ...extra },
});

describe('POST /mcp', () => {
  it(verifies(['W1.mcp'], 'answers a quick request with plain JSON and the session'), async () => {
    const response = await client.post(call(1, 'echo', { text: 'hi' }));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('mcp-session-id')).toBe(client.session);
    expect(await messagesOf(response)).toMatchObject([{ id: 1, result: { content: [{ text: 'hi' }] } }]);
  });

  it(verifies(['W2.heartbeats'], 'turns a slow answer into an event stream whose headers come at once'), async () => {
    const response = await client.post(call(2, 'sleep', { ms: 600 }));
    const answered = received(journal, 'tools/call'); // headers are here, the answer is not
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-store, no-transform');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(response.headers.get('mcp-session-id')).toBe(client.session);
    expect(await metric(hearth.url, 'mcp_transport_connections', 'transport="post"')).toBe(1);
    const text = await response.text();
    expect(text).toMatch(/^id: \w+-0\nretry: 1000\ndata:\n\n(: heartbeat\n\n)+id: \w+-1\nevent: message\ndata: \{.*"id":2.*\}\n\n$/);
    expect(await answered).not.toEqual([]);
    expect(await metric(hearth.url, 'mcp_transport_connections', 'transport="post"')).toBe(0);
  });

  it('streams as soon as progress comes, before the reply', async () => {
    const response = await client.post(call(3, 'progress', { steps: 2, ms: 1 }, { _meta: { progressToken: 'p' } }));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const messages = await messagesOf(response);
    expect(messages.map(({ method, id }) => method ?? id)).toEqual(['notifications/progress', 'notifications/progress', 3]);
  });

  it('delivers a large reply whole on a stream', async () => {
    const bytes = 2_000_000;
    const response = await client.post(call(4, 'sleep', { ms: 150, text: 'y'.repeat(bytes) }));
    const [reply] = await messagesOf(response);
    expect(JSON.stringify(reply).length).toBeGreaterThan(bytes);
  });

  it('accepts notifications and answers with 202 and no body', async () => {
    for (const body of [
      { jsonrpc: '2.0', method: 'notifications/roots/list_changed' },
      { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 99, progress: 1 } },
      { jsonrpc: '2.0', id: 99, result: {} },
    ]) {
      const response = await client.post(body);
      expect(response.status).toBe(202);
      expect(response.headers.get('mcp-session-id')).toBe(client.session);
      expect(await response.text()).toBe('');
    }
  });

  it('ends a request that the client cancels, without an answer', async () => {
    const quick = client.post(call(5, 'sleep', { ms: 60_000 }));
    await until(async () => JSON.stringify(await received(journal, 'tools/call')).includes('60000'));
    const response = await quick; // a stream by now
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 5 } });
    expect(await messagesOf(response)).toEqual([]);
  });

  it('refuses a bad request of a session with its id in the error', async () => {
    const [reply] = await client.request(6, 'no/such-method');
    expect(reply).toMatchObject({ id: 6, error: { code: -32601 } });
  });

  it('does not cancel upstream when the client merely disconnects', async () => {
    const old = new RawHttp(client.url);
    await old.open({}, '2025-06-18'); // without event ids nobody can come back for the answer
    const gone = new AbortController();
    const pending = old.post(call(7, 'sleep', { ms: 2_000, text: 'unheard' }), {}, gone.signal).then((response) => response.text());
    await until(async () => JSON.stringify(await received(journal, 'tools/call')).includes('unheard'));
    const dropped = await metric(hearth.url, 'mcp_messages_dropped_total', 'reason="client_gone"');
    gone.abort();
    await expect(pending).rejects.toThrow();
    await until(async () => (await metric(hearth.url, 'mcp_messages_dropped_total', 'reason="client_gone"')) === dropped + 1);
    const id = (await received(journal, 'tools/call')).find(({ params }) => JSON.stringify(params).includes('unheard'))?.id;
    const cancelled = (await received(journal, 'notifications/cancelled')).map(({ params }) => (params as Json).requestId);
    expect(cancelled).not.toContain(id);
    expect(await old.call(8, 'echo', { text: 'still a session' })).toBe('still a session');
  });

  it('lets the client cancel such a request afterwards', async () => {
    const gone = new AbortController();
    const pending = client.post(call(9, 'sleep', { ms: 60_000, text: 'changed my mind' }), {}, gone.signal).then((response) => response.text());
    await until(async () => JSON.stringify(await received(journal, 'tools/call')).includes('changed my mind'));
    const before = (await received(journal, 'notifications/cancelled')).length;
    const connections = await metric(hearth.url, 'http_requests_in_flight');
    gone.abort();
    await expect(pending).rejects.toThrow();
    await until(async () => (await metric(hearth.url, 'http_requests_in_flight')) < connections);
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } });
    await until(async () => (await received(journal, 'notifications/cancelled')).length > before);
  });

  it('keeps what an abandoned request would have carried, for whoever asks for the rest of its stream', async () => {
    const cut = await (await RawStream.post(client, call(10, 'progress', { steps: 20, ms: 20 }, { _meta: { progressToken: 'abandoned' } }))).count(1);
    await cut.cut();
    const rest = await (await RawStream.get(client, cut.last)).end();
    expect(rest.kinds.at(-1)).toBe(10);
    expect(rest.messages.at(-2)).toMatchObject({ params: { progressToken: 'abandoned', progress: 20 } });
  });

  it('drops the answer to a client that cannot ask for it, since it has seen no event id', async () => {
    const old = new RawHttp(client.url);
    await old.open({}, '2025-06-18');
    const dropped = await metric(hearth.url, 'mcp_messages_dropped_total', 'reason="client_gone"');
    const cut = await RawStream.post(old, call(11, 'sleep', { ms: 400 }));
    expect(cut.events).toEqual([]);
    await cut.cut();
    await until(async () => (await metric(hearth.url, 'mcp_messages_dropped_total', 'reason="client_gone"')) === dropped + 1);
  });
});

describe('DELETE /mcp', () => {
  it('ends the session once; then it is 404', async () => {
    expect((await client.close()).status).toBe(200);
    expect((await client.close()).status).toBe(404);
    expect((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404);
  });

  it('gives a request in flight an error and cancels it upstream', async () => {
    const stream = await client.post(call(1, 'sleep', { ms: 60_000, text: 'deleted' }));
    const quick = client.post(call(2, 'sleep', { ms: 60_001 }));
    await until(async () => JSON.stringify(await received(journal, 'tools/call')).includes('60001'));
    await client.close();
    expect(await messagesOf(stream)).toMatchObject([{ id: 1, error: { code: -32001, message: expect.stringContaining('session ended') } }]);
    expect(await messagesOf(await quick)).toMatchObject([{ id: 2, error: { code: -32001 } }]);
    const ids = (await received(journal, 'tools/call')).filter(({ params }) => /deleted|60001/.test(JSON.stringify(params))).map(({ id }) => id);
    await until(async () => {
      const cancelled = (await received(journal, 'notifications/cancelled')).map(({ params }) => (params as Json).requestId);
      return ids.length === 2 && ids.every((id) => cancelled.includes(id));
    });
  });
});

describe('a handshake whose client leaves', () => {
  it('leaves no session behind', async () => {
    await using slow = await startApp({ servers: { slow: fixture('', { env: { FIXTURE_START_DELAY: '1500' } }) } });
    const gone = new AbortController();
    const pending = new RawHttp(`${slow.url}/mcp`).post(initialize(1), {}, gone.signal).then((response) => response.text());
    await until(() => slow.app.sessions.size === 1);
    gone.abort();
    await expect(pending).rejects.toThrow();
    await until(() => slow.app.sessions.size === 0);
    await untilReady(slow.url);
    expect(slow.app.sessions.size).toBe(0);
    expect(await metric(slow.url, 'mcp_sessions_closed_total', 'reason="failed"')).toBe(1);
  });
});
