import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { metric } from '../support/wire.js';

let hearth: RunningApp;
let client: RawHttp;
/** Makes the server say things to everybody. */
let crier: RawHttp;

beforeAll(async () => {
  hearth = await startApp({ servers: { fixture: fixture() }, http: { heartbeat: 50 } });
  await untilReady(hearth.url);
});
afterAll(() => hearth[Symbol.asyncDispose]());
beforeEach(async () => {
  client = new RawHttp(`${hearth.url}/mcp`);
  await client.open({ roots: {} });
  crier = new RawHttp(client.url);
  await crier.open();
});
afterEach(async () => {
  await Promise.all([client.close(), crier.close()]);
  await until(async () => (await metric(hearth.url, 'mcp_transport_connections', 'transport="get"')) === 0);
});

/** `GET /mcp` as a list of what has come on it. */
async function listen(): Promise<{ text: string; ended: boolean; status: number; close(): void }> {
  const abort = new AbortController();
  const response = await fetch(client.url, { headers: client.headers({ accept: 'text/event-stream' }), signal: abort.signal });
  const stream = { text: '', ended: false, status: response.status, close: () => abort.abort() };
  void (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) stream.text += decoder.decode(chunk, { stream: true });
    } catch {
      // aborted
    }
    stream.ended = true;
  })();
  return stream;
}

const log = (data: string): Promise<string> => crier.call(data, 'log', { level: 'error', data });

describe('GET /mcp', () => {
  it('carries what belongs to no request, with heartbeats', async () => {
    const stream = await listen();
    await log('for the stream');
    await until(() => stream.text.includes('for the stream') && stream.text.includes(': heartbeat\n\n'));
    expect(stream.text).toContain('event: message\ndata: {"jsonrpc":"2.0","method":"notifications/message"');
    stream.close();
  });

  it('delivers at its start what came when there was none', async () => {
    await log('kept');
    const stream = await listen();
    await until(() => stream.text.includes('"kept"'));
    const second = await listen();
    expect(second.text).not.toContain('"kept"');
    stream.close();
    second.close();
  });

  it('keeps a bounded number of messages and counts the rest', async () => {
    const before = await metric(hearth.url, 'mcp_messages_dropped_total', 'reason="no_stream"');
    await client.request(0, 'logging/setLevel', { level: 'error' });
    for (let n = 0; n < 70; n++) await log(`message-${n}`);
    await until(async () => (await metric(hearth.url, 'mcp_messages_dropped_total', 'reason="no_stream"')) >= before + 6);
    const stream = await listen();
    await until(() => stream.text.includes('"message-69"'));
    expect(stream.text).not.toContain('"message-5"');
    expect(stream.text).toContain('"message-6"');
    stream.close();
  });

  it('uses the newest of several streams, and an older one when that is gone', async () => {
    const [first, second] = [await listen(), await listen()];
    await log('to the second');
    await until(() => second.text.includes('to the second'));
    second.close();
    await until(async () => (await metric(hearth.url, 'mcp_transport_connections', 'transport="get"')) === 1);
    await log('to the first');
    await until(() => first.text.includes('to the first'));
    expect(first.text).not.toContain('to the second');
    first.close();
  });

  it('ends the oldest when there are too many', async () => {
    const streams = [await listen(), await listen(), await listen(), await listen()];
    const fifth = await listen();
    await until(() => streams[0]?.ended === true);
    expect(streams.map(({ ended }) => ended)).toEqual([true, false, false, false]);
    for (const stream of [...streams, fifth]) stream.close();
  });

  it('ends with its session', async () => {
    const stream = await listen();
    await client.close();
    await until(() => stream.ended);
    await until(async () => (await metric(hearth.url, 'mcp_transport_connections', 'transport="get"')) === 0);
  });

  it('is not needed: a request in flight carries a message for its session', async () => {
    const response = await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 300 } } });
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await sse.initialize();
    await sse.call(1, 'log', { level: 'error', data: 'broadcast' });
    const text = await response.text();
    expect(text).toContain('broadcast');
    expect(text).toContain('slept');
    sse.close();
  });
});

describe('a question of the server', () => {
  it('comes on the stream of the request that caused it, and the answer goes back', async () => {
    const pending = client.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ask', arguments: { method: 'roots/list' } } });
    const response = await pending;
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    let text = decoder.decode((await reader.read()).value);
    const question = JSON.parse(/data: (.*)/.exec(text)?.[1] ?? '') as Json;
    expect(question).toMatchObject({ method: 'roots/list' });
    await client.post({ jsonrpc: '2.0', id: question.id, result: { roots: [{ uri: 'file:///here' }] } });
    while (!text.includes('file:///here')) text += decoder.decode((await reader.read()).value);
  });
});
