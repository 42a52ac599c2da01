import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, untilReady } from '../support/app.js';
import { type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { metric } from '../support/wire.js';

const call = (name: string, args: Json, token: unknown) => ({ name, arguments: args, _meta: { progressToken: token, other: 'kept' } });
const progressOf = (messages: Json[]) => messages.filter(({ method }) => method === 'notifications/progress').map(({ params }) => params as Json);

describe('progress', () => {
  it(verifies(['RULE2', 'W1.progress'], 'comes back under the token of the client, on the response of its request'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const clients = [new RawHttp(`${hearth.url}/mcp`), new RawHttp(`${hearth.url}/mcp`)];
    for (const client of clients) await client.open();
    const answers = await Promise.all(
      [1, '1', 'token'].flatMap((token) =>
        clients.map(async (client) => ({ token, messages: await client.request(1, 'tools/call', call('progress', { steps: 3 }, token)) })),
      ),
    );
    for (const { token, messages } of answers) {
      expect(progressOf(messages)).toEqual([1, 2, 3].map((progress) => ({ progressToken: token, progress, total: 3 })));
      expect(messages.at(-1)).toMatchObject({ id: 1, result: {} });
    }
  });

  it('is dropped when its request is over or never asked for it', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize();
    await client.call(1, 'emit', { method: 'notifications/progress', params: { progressToken: 1, progress: 1 } });
    await client.call(2, 'emit', { method: 'notifications/progress', params: { progressToken: 'nobody', progress: 1 } });
    expect(progressOf(client.messages)).toEqual([]);
    expect(await metric(hearth.url, 'mcp_messages_dropped_total', 'progress_without_request')).toBe(2);
    client.close();
  });

  it('is made up for a silent server, ever increasing, and heartbeats are on the wire', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, http: { heartbeat: 50 } });
    await untilReady(hearth.url);
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await sse.initialize();
    const viaSse = sse.request(1, 'tools/call', call('sleep', { ms: 400 }, 'sse'));
    const http = new RawHttp(`${hearth.url}/mcp`);
    await http.open();
    const response = await http.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call('sleep', { ms: 400 }, 'http') });
    const text = await response.text();
    expect(text).toContain(': heartbeat');
    const viaHttp = [...text.matchAll(/"progressToken":"http","progress":([\d.e-]+)/g)].map(([, value]) => Number(value));
    expect(viaHttp.length).toBeGreaterThan(1);
    expect(viaHttp).toEqual([...viaHttp].sort((a, b) => a - b));
    expect(viaHttp.at(-1)).toBeLessThan(0.001);
    await viaSse;
    expect(progressOf(sse.messages).length).toBeGreaterThan(1);
    expect(sse.comments.length).toBeGreaterThan(1);
    sse.close();
  });
});
