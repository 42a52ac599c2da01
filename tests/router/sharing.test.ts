import { describe, expect, it } from 'vitest';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { initialize, type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { received, scratchFile } from '../support/wire.js';

const SLOW = { name: 'sleep', arguments: { ms: 400, text: 'x' } };

async function start(extra: object) {
  const journal = scratchFile();
  const hearth = await startApp({ servers: { fixture: fixture('annotated', { ...extra, env: { FIXTURE_JOURNAL: journal } }) } });
  const calls = async (): Promise<number> => (await received(journal, 'tools/call')).length;
  const shared = (): unknown => (hearth.app.servers[0]?.router.report().cache as Json | undefined)?.shared;
  return { hearth, calls, shared };
}

async function client(hearth: RunningApp): Promise<RawSse> {
  await untilReady(hearth.url);
  const opened = await RawSse.open(`${hearth.url}/sse`);
  await opened.initialize();
  return opened;
}

describe('a call that waits for the answer of another', () => {
  it('is never made when its own client took it back or left', async () => {
    const { hearth, calls, shared } = await start({ coalesce: true });
    await using _ = hearth;
    const [leader, cancelling, leaving, staying] = [await client(hearth), await client(hearth), await client(hearth), await client(hearth)];
    const all = [leader, cancelling, leaving, staying];
    for (const [n, one] of all.entries()) {
      await one.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: SLOW });
      await until(async () => (await calls()) === 1 && shared() === n);
    }
    for (const requestId of [1, 2]) await cancelling.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
    leaving.close();
    await until(() => hearth.app.sessions.size === 3);
    leader.close();
    await staying.until(() => staying.reply(1) !== undefined);
    expect(await calls()).toBe(2);
    expect(await cancelling.call(2, 'echo', { text: 'still here' })).toBe('still here');
    expect(cancelling.reply(1)).toBeUndefined();
    for (const one of [cancelling, staying]) one.close();
  });

  it('keeps its session, which is not idle, and an id that waits twice names neither', async () => {
    const journal = scratchFile();
    const server = fixture('annotated', { coalesce: true, env: { FIXTURE_JOURNAL: journal } });
    await using hearth = await startApp({ servers: { fixture: server }, limits: { sessionTimeout: 150, sweepInterval: 20 } });
    const [leader, waiting] = [await client(hearth), await client(hearth)];
    const slow = { ...SLOW, arguments: { ms: 600, text: 'x' } };
    await leader.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: slow });
    await until(async () => (await received(journal, 'tools/call')).length === 1);
    for (let n = 0; n < 2; n++) await waiting.send({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: slow });
    await waiting.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } });
    await waiting.until(() => waiting.messages.filter(({ id, result }) => id === 7 && result !== undefined).length === 2);
    for (const one of [leader, waiting]) one.close();
  });

  it('may have questions of the server on its way', async () => {
    const { hearth } = await start({ coalesce: true });
    await using _ = hearth;
    await untilReady(hearth.url);
    const asking = await RawSse.open(`${hearth.url}/sse`);
    await asking.initialize({ roots: {} });
    const answer = asking.call(1, 'ask', { method: 'roots/list' });
    const question = (): Json | undefined => asking.messages.find(({ method }) => method === 'roots/list');
    await asking.until(() => question() !== undefined);
    await asking.send({ jsonrpc: '2.0', id: question()?.id, result: { roots: [] } });
    expect(await answer).toBe('{"roots":[]}');
    asking.close();
  });

  it('goes with its session when that made both', async () => {
    const { hearth, calls } = await start({ coalesce: true });
    await using _ = hearth;
    const both = await client(hearth);
    for (const id of [1, 2]) await both.send({ jsonrpc: '2.0', id, method: 'tools/call', params: SLOW });
    await until(async () => (await calls()) === 1);
    both.close();
    await until(() => hearth.app.sessions.size === 0 && !hearth.app.busy);
    expect(await calls()).toBe(1);
  });
});

describe('an answer is not shared', () => {
  it('between sessions with different credentials, nor when it is a task or its numbers were rounded', async () => {
    const { hearth } = await start({ cacheTtl: 60_000, coalesce: true, credentials: { TOKEN: 'X-Token' } });
    await using _ = hearth;
    const answers: string[] = [];
    for (const token of ['alice', 'bob']) {
      const one = new RawHttp(`${hearth.url}/mcp`);
      one.session = (await one.post(initialize(0), { 'x-token': token })).headers.get('mcp-session-id') ?? undefined;
      answers.push(await one.call(1, 'env', { name: 'TOKEN' }));
    }
    expect(answers).toEqual(['alice', 'bob']);
  });

  it('between calls whose large numbers only look alike, or that ask for a task', async () => {
    const { hearth, calls } = await start({ cacheTtl: 60_000 });
    await using _ = hearth;
    const one = await client(hearth);
    const raw = (id: number, number: string): string =>
      `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"text":"n","n":${number}}}}`;
    for (const [id, number] of [
      [1, '9007199254740993'],
      [2, '9007199254740992'],
    ] as const) {
      await one.send(raw(id, number));
      await one.until(() => one.reply(id) !== undefined);
    }
    for (const id of [3, 4]) await one.request(id, 'tools/call', { name: 'echo', arguments: { text: 't' }, task: { ttl: 1 } });
    expect(await calls()).toBe(4);
    one.close();
  });

  it('with another id than the caller wrote, and no arguments are equal to none', async () => {
    const { hearth, calls } = await start({ cacheTtl: 60_000 });
    await using _ = hearth;
    await untilReady(hearth.url);
    const one = new RawHttp(`${hearth.url}/mcp`);
    await one.open();
    await one.request(1, 'tools/call', { name: 'pid' });
    await one.request(2, 'tools/call', { name: 'pid', arguments: {} });
    const text = await (await one.post('{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/call","params":{"name":"pid"}}')).text();
    expect(text).toContain('"id":12345678901234567890,');
    expect(await calls()).toBe(1);
  });
});
