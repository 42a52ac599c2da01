import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { RawHttp, RawSse } from '../support/raw-client.js';
import { metric, received, scratchFile } from '../support/wire.js';

const cancel = (requestId: unknown) => ({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason: 'enough' } });

async function start(modes = '') {
  const journal = scratchFile();
  const hearth = await startApp({ servers: { fixture: fixture(modes, { env: { FIXTURE_JOURNAL: journal } }) } });
  await untilReady(hearth.url);
  return { hearth, journal };
}

describe('cancellation', () => {
  it(verifies(['RULE2', 'W1.cancellation'], 'reaches the server with the upstream id of that very request'), async () => {
    const { hearth, journal } = await start();
    await using _ = hearth;
    const [a, b] = [new RawHttp(`${hearth.url}/mcp`), new RawHttp(`${hearth.url}/mcp`)];
    await a.open();
    await b.open();
    const ofA = a.request(1, 'tools/call', { name: 'sleep', arguments: { ms: 60_000 } });
    const ofB = b.call(1, 'sleep', { ms: 300, text: 'b' });
    await until(async () => (await received(journal, 'tools/call')).length === 2);
    await a.post(cancel(1));
    expect(await ofA).toEqual([]);
    expect(await ofB).toBe('b');
    const [call] = await received(journal, 'tools/call');
    const cancels = await received(journal, 'notifications/cancelled');
    expect(cancels).toHaveLength(1);
    expect(cancels[0]?.params).toEqual({ requestId: call?.id, reason: 'enough' });
  });

  it('drops the late reply to a cancelled request', async () => {
    const { hearth } = await start('reply-after-cancel');
    await using _ = hearth;
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize();
    await client.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 200 } } });
    await client.send(cancel(1));
    await until(async () => (await metric(hearth.url, 'mcp_messages_dropped_total', 'unknown_response_id')) === 1);
    expect(client.reply(1)).toBeUndefined();
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'outcome="cancelled"')).toBe(1);
    client.close();
  });

  it('is ignored for unknown ids, and for an id that is in flight twice', async () => {
    const { hearth, journal } = await start();
    await using _ = hearth;
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const both = [client.call(5, 'sleep', { ms: 300, text: 'x' }), client.call(5, 'sleep', { ms: 300, text: 'y' })];
    await until(async () => (await received(journal, 'tools/call')).length === 2);
    for (const id of [5, 99, '5', null]) await client.post(cancel(id));
    expect(await Promise.all(both)).toEqual(['x', 'y']);
    expect(await received(journal, 'notifications/cancelled')).toEqual([]);
  });

  it(verifies(['RULE8'], 'cancels upstream what an SSE session was waiting for when its stream closes'), async () => {
    const { hearth, journal } = await start();
    await using _ = hearth;
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize();
    await client.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 60_000 } } });
    await until(async () => (await received(journal, 'tools/call')).length === 1);
    client.close();
    await until(async () => (await received(journal, 'notifications/cancelled')).length === 1);
    await until(() => hearth.app.sessions.size === 0 && !hearth.app.busy);
  });

  it(verifies(['RULE8'], 'does not happen by a mere disconnect on /mcp'), async () => {
    const { hearth, journal } = await start();
    await using _ = hearth;
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const abort = new AbortController();
    const params = { name: 'sleep', arguments: { ms: 300 } };
    const gone = client.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }, {}, abort.signal).catch(() => 'gone');
    await until(async () => (await received(journal, 'tools/call')).length === 1);
    abort.abort();
    expect(await gone).toBe('gone');
    await until(async () => (await metric(hearth.url, 'mcp_tool_calls_total', 'outcome="ok"')) === 1);
    expect(await received(journal, 'notifications/cancelled')).toEqual([]);
  });

  it('never sends a request that was cancelled while it waited for a place', async () => {
    const journal = scratchFile();
    await using hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) }, limits: { concurrency: 1 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const first = client.call(1, 'sleep', { ms: 300 });
    await until(async () => (await received(journal, 'tools/call')).length === 1);
    const second = client.request(2, 'tools/call', { name: 'echo', arguments: { text: 'never' } });
    await until(
      () =>
        hearth.app.servers[0]?.router.report().queue !== undefined && JSON.stringify(hearth.app.servers[0]?.router.report()).includes('"waiting":1'),
    );
    await client.post(cancel(2));
    expect(await second).toEqual([]);
    await first;
    expect(await client.call(3, 'echo', { text: 'after' })).toBe('after');
    expect(await received(journal, 'tools/call')).toHaveLength(2);
  });

  it('ends a request that takes too long, on both sides', async () => {
    const journal = scratchFile();
    await using hearth = await startApp({
      servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) },
      limits: { requestTimeout: 150 },
    });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const [reply] = (await client.request(1, 'tools/call', { name: 'sleep', arguments: { ms: 60_000 } })).slice(-1);
    expect(reply?.error).toMatchObject({ code: -32004, data: { hearth: 'timeout', retryable: true } });
    await until(async () => (await received(journal, 'notifications/cancelled')).length === 1);
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'outcome="timeout"')).toBe(1);
  });
});
