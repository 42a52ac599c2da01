import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { received, scratchFile } from '../support/wire.js';

async function start(modes: string, extra: object) {
  const journal = scratchFile();
  const hearth = await startApp({ servers: { fixture: fixture(modes, { ...extra, env: { FIXTURE_JOURNAL: journal } }) } });
  await untilReady(hearth.url);
  const client = new RawHttp(`${hearth.url}/mcp`);
  await client.open();
  const calls = async (): Promise<number> => (await received(journal, 'tools/call')).length;
  const cache = (): Json => hearth.app.servers[0]?.router.report().cache as Json;
  return { hearth, client, calls, cache };
}

describe('answers of read-only tools', () => {
  it(verifies(['R.cache'], 'are used again for identical calls while they are fresh'), async () => {
    const { hearth, client, calls, cache } = await start('annotated', { cacheTtl: 60_000 });
    await using _ = hearth;
    expect(await client.call(1, 'echo', { text: 'a', more: { x: 1, y: 2 } })).toBe('a');
    expect(await client.call('two', 'echo', { more: { y: 2, x: 1 }, text: 'a' })).toBe('a');
    expect(await client.call(3, 'echo', { text: 'b' })).toBe('b');
    expect(await calls()).toBe(2);
    expect(cache()).toEqual({ entries: 2, hits: 1, misses: 2, shared: 0 });
    await fetch(`${hearth.url}/servers/fixture/reset`, { method: 'POST' });
    expect(await client.call(4, 'echo', { text: 'b' })).toBe('b');
    expect(await calls()).toBe(3);
  });

  it('are not kept when they are errors, or when the call asks for progress', async () => {
    const { hearth, client, calls } = await start('annotated', { cacheTtl: 60_000 });
    await using _ = hearth;
    for (const id of [1, 2]) await client.call(id, 'fail');
    for (const id of [3, 4]) await client.call(id, 'error');
    for (const id of [5, 6]) await client.request(id, 'tools/call', { name: 'echo', arguments: {}, _meta: { progressToken: id } });
    expect(await calls()).toBe(6);
  });

  it.each([
    ['the tool is not annotated', '', {}],
    ['sessions have children of their own', 'annotated', { policy: 'per-session' }],
    ['nobody asked for it', 'annotated', { cacheTtl: 0 }],
  ])('are not used again when %s', async (_why, modes, extra) => {
    const { hearth, client, calls } = await start(modes, { cacheTtl: 60_000, ...extra });
    await using _ = hearth;
    for (const id of [1, 2]) await client.call(id, 'echo', { text: 'a' });
    expect(await calls()).toBe(2);
  });

  it(verifies(['R.cache'], 'are shared by identical calls in flight'), async () => {
    const { hearth, client, calls, cache } = await start('annotated', { coalesce: true });
    await using _ = hearth;
    const answers = Array.from({ length: 10 }, (_, id) => client.call(id, 'sleep', { ms: 150, text: 'shared' }));
    expect(await Promise.all(answers)).toEqual(Array(10).fill('shared'));
    expect([await calls(), cache().shared]).toEqual([1, 9]);
    expect(await client.call(11, 'sleep', { ms: 1, text: 'shared' })).toBe('shared');
    expect(await calls()).toBe(2);
  });

  it('are made again by the next one when the first takes its call back or leaves', async () => {
    const { hearth, client, calls } = await start('annotated', { coalesce: true });
    await using _ = hearth;
    const leader = await RawSse.open(`${hearth.url}/sse`);
    await leader.initialize();
    const params = { name: 'sleep', arguments: { ms: 200, text: 'x' } };
    await leader.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    await until(async () => (await calls()) === 1);
    const followers = [client.call(1, 'sleep', params.arguments), client.call(2, 'sleep', params.arguments)];
    await until(() => JSON.stringify(hearth.app.servers[0]?.router.report().cache).includes('"shared":2'));
    leader.close();
    expect(await Promise.all(followers)).toEqual(['x', 'x']);
    expect(await calls()).toBe(2);
  });

  it('that are errors are not shared: each makes its own call, unless the server is gone', async () => {
    const { hearth, client, calls } = await start('annotated', { coalesce: true, maxRestarts: 100, backoffMin: 10 });
    await using _ = hearth;
    const failed = await Promise.all([1, 2, 3].map((id) => client.request(id, 'tools/call', { name: 'fail', arguments: {} })));
    for (const messages of failed) expect(messages.at(-1)).toMatchObject({ result: { isError: true } });
    const before = await calls();
    const died = await Promise.all([1, 2, 3].map((id) => client.call(id, 'die')));
    for (const answer of died) expect(answer).toContain('child_exited');
    expect(await calls()).toBeGreaterThan(before);
  });
});
