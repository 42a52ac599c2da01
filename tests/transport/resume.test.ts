import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { RawStream } from '../support/event-stream.js';
import { type Json, RawHttp } from '../support/raw-client.js';
import { metric } from '../support/wire.js';

let hearth: RunningApp;
let client: RawHttp;

const limits = { replayEvents: 8, replayBytes: 20_000 };
beforeAll(async () => {
  hearth = await startApp({ servers: { fixture: fixture() }, http: { streamAfter: 20, retry: 70 }, limits });
  await untilReady(hearth.url);
});
afterAll(() => hearth[Symbol.asyncDispose]());
beforeEach(async () => {
  client = new RawHttp(`${hearth.url}/mcp`);
  await client.open({ roots: {} });
});

const call = (id: unknown, name: string, args: Json = {}, token?: unknown): Json => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, ...(token !== undefined && { _meta: { progressToken: token } }) },
});
const connections = (): Promise<number> => metric(hearth.url, 'mcp_transport_connections', 'transport="post"');
const log = (from: RawHttp, data: string): Promise<string> => from.call(data, 'log', { level: 'error', data });

describe('event ids', () => {
  it('are on every event, after a priming event with retry', async () => {
    const stream = await (await RawStream.post(client, call(1, 'progress', { steps: 2 }, 'p'))).end();
    expect(stream.kinds).toEqual(['notifications/progress', 'notifications/progress', 1]);
    expect(stream.events[0]?.data).toBe('');
    expect(stream.retries).toEqual([70]);
    const [prefix] = stream.last.split('-');
    expect(stream.events.map(({ id }) => id)).toEqual([0, 1, 2, 3].map((n) => `${prefix}-${n}`));
    const get = await (await RawStream.get(client)).count(1);
    expect(get.events[0]).toMatchObject({ data: '', id: expect.stringMatching(/-0$/) });
    expect(get.last.split('-')[0]).not.toBe(prefix);
    await get.cut();
  });

  it('are there for older clients too, which get no priming event', async () => {
    const old = new RawHttp(client.url);
    await old.open({}, '2025-06-18');
    const stream = await (await RawStream.post(old, call(1, 'progress', { steps: 1 }, 'p'))).end();
    expect(stream.events.map(({ id }) => id?.split('-')[1])).toEqual(['1', '2']);
    expect(stream.retries).toEqual([]);
  });
});

describe('a stream that was cut', () => {
  it(verifies(['W2.resume'], 'goes on with progress, a question and the reply, each once'), async () => {
    const cut = await (await RawStream.post(client, call(1, 'progress', { steps: 6, ms: 30 }, 'p'))).count(3);
    await cut.cut();
    await until(async () => (await connections()) === 0);
    const rest = await (await RawStream.get(client, cut.last)).end();
    expect(rest.kinds.at(-1)).toBe(1);
    const steps = [...cut.messages, ...rest.messages].flatMap(({ params }) => (params as Json | undefined)?.progress ?? []);
    expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rest.response.headers.get('mcp-session-id')).toBe(client.session);
  });

  it('carries a question of the server, and the answer ends it', async () => {
    const cut = await (await RawStream.post(client, call(1, 'ask', { method: 'roots/list' }))).count(2);
    await cut.cut();
    const rest = await (await RawStream.get(client, cut.events[0]?.id)).count(1);
    const [question] = rest.messages;
    expect(question).toMatchObject({ method: 'roots/list' });
    expect(rest.ended).toBe(false);
    await client.post({ jsonrpc: '2.0', id: question?.id, result: { roots: [{ uri: 'file:///here' }] } });
    expect(JSON.stringify((await rest.end()).messages.at(-1))).toContain('file:///here');
  });

  it(verifies(['W6.replay'], 'has its reply kept, though nobody was there when it came'), async () => {
    const cut = await (await RawStream.post(client, call(1, 'sleep', { ms: 150, text: 'late' }))).count(1);
    await cut.cut();
    await until(async () => (await connections()) === 0);
    await until(() => !hearth.app.busy);
    const replays = await metric(hearth.url, 'mcp_replays_total');
    for (let times = 0; times < 2; times++) {
      const rest = await (await RawStream.get(client, cut.last)).end();
      expect(rest.messages).toMatchObject([{ id: 1, result: { content: [{ text: 'late' }] } }]);
    }
    expect(await metric(hearth.url, 'mcp_replays_total')).toBe(replays + 2);
  });

  it('is refused with 405 when nothing of it is left, so that clients do not come back for ever', async () => {
    const done = await (await RawStream.post(client, call(1, 'progress', { steps: 1 }, 'p'))).end();
    const again = await RawStream.get(client, done.last);
    expect(again.response.status).toBe(405);
  });

  it('frees what it kept when its request is cancelled', async () => {
    const cut = await (await RawStream.post(client, call(1, 'progress', { steps: 600, ms: 20 }, 'p'))).count(4);
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    expect((await cut.end()).kinds).not.toContain(1);
    expect((await RawStream.get(client, cut.events[0]?.id)).response.status).toBe(405);
  });

  it('is taken over from a connection that has not noticed', async () => {
    const first = await (await RawStream.post(client, call(1, 'sleep', { ms: 300 }))).count(1);
    const second = await RawStream.get(client, first.last);
    expect((await first.end()).messages).toEqual([]);
    expect((await second.end()).kinds).toEqual([1]);
  });
});

describe('GET with Last-Event-ID', () => {
  it('goes on as the same GET stream, with what was missed', async () => {
    const first = await (await RawStream.get(client)).count(1);
    await log(client, 'one');
    await log(client, 'two');
    await first.count(3);
    await first.cut();
    const again = await (await RawStream.get(client, first.events[1]?.id)).count(1);
    expect(again.messages).toMatchObject([{ params: { data: 'two' } }]);
    await log(client, 'three');
    await again.count(2);
    expect(again.last).toBe(first.last.replace(/-2$/, '-3'));
    await again.cut();
  });

  it.each(['nonsense', '', 'zzzzzzzzz9-1', '%-0', 'a'.repeat(5_000)])('that is unknown (%s) opens a new stream', async (last) => {
    const stream = await (await RawStream.get(client, last)).count(1);
    expect(stream.response.status).toBe(200);
    expect(stream.events[0]?.data).toBe('');
    await stream.cut();
  });

  it('never shows the stream of another session, nor an event that was not sent yet', async () => {
    const secret = await (await RawStream.post(client, call(1, 'progress', { steps: 2 }, 'secret'))).end();
    const other = new RawHttp(client.url);
    await other.open();
    for (const [who, id] of [
      [other, secret.events[0]?.id],
      [client, secret.last.replace(/-\d+$/, '-99')],
    ] as const) {
      const stream = await (await RawStream.get(who, id)).count(1);
      await log(client, 'marker');
      await stream.count(2);
      expect(stream.messages).toMatchObject([{ params: { data: 'marker' } }]);
      await stream.cut();
    }
  });
});

describe('the limits', () => {
  it('keep the latest events of a stream', async () => {
    const done = await (await RawStream.post(client, call(1, 'progress', { steps: 30, ms: 1 }, 'p'))).end();
    const rest = await (await RawStream.get(client, done.events[0]?.id)).end();
    expect(rest.events).toHaveLength(limits.replayEvents);
    expect(rest.kinds.at(-1)).toBe(1);
  });

  it(verifies(['W6.bounds'], 'forget the oldest stream first'), async () => {
    const text = 'x'.repeat(9_000);
    const streams = [];
    for (const id of [1, 2, 3]) streams.push(await (await RawStream.post(client, call(id, 'sleep', { ms: 60, text }))).end());
    const [oldest, , newest] = streams;
    expect((await (await RawStream.get(client, newest?.events[0]?.id)).end()).kinds).toEqual([3]);
    const fresh = await (await RawStream.get(client, oldest?.events[0]?.id)).count(1);
    expect(fresh.messages).toEqual([]);
    expect(fresh.ended).toBe(false);
    expect(await metric(hearth.url, 'mcp_replay_bytes')).toBeGreaterThan(9_000);
    await fresh.cut();
  });

  it('do not keep an answer that is larger, and say so to who comes back for it', async () => {
    const text = 'y'.repeat(limits.replayBytes);
    const done = await (await RawStream.post(client, call(1, 'sleep', { ms: 60, text }))).end();
    expect(JSON.stringify(done.messages)).toContain(text);
    const rest = await (await RawStream.get(client, done.events[0]?.id)).end();
    expect(rest.messages).toMatchObject([{ id: 1, error: { code: -32006, message: expect.stringContaining('limits.replayBytes') } }]);
  });
});

it(verifies(['W6.bounds'], 'nothing is kept for quick replies, nor after the end of the sessions'), async () => {
  await using own = await startApp({ servers: { fixture: fixture() }, limits: { replayAge: 50, sweepInterval: 20 } });
  await untilReady(own.url);
  const bytes = (): Promise<number> => metric(own.url, 'mcp_replay_bytes');
  const [quick, slow] = [new RawHttp(`${own.url}/mcp`), new RawHttp(`${own.url}/mcp`)];
  await Promise.all([quick.open(), slow.open()]);
  for (let n = 0; n < 20; n++) await quick.call(n, 'echo', { text: 'quick' });
  expect(await bytes()).toBe(0);
  const running = await (await RawStream.post(slow, call(1, 'progress', { steps: 60_000, ms: 5 }, 'p'))).count(3);
  expect(await bytes()).toBeGreaterThan(0);
  await slow.close();
  await running.end();
  expect(await bytes()).toBe(0);
  await (await RawStream.post(quick, call(1, 'progress', { steps: 3 }, 'p'))).end();
  await until(async () => (await bytes()) === 0); // too old
});

it('a known revision in MCP-Protocol-Version is accepted, though another one was negotiated; the session keeps its own', async () => {
  const stream = await RawStream.post(client, call(1, 'progress', { steps: 1 }, 'p'), { 'mcp-protocol-version': '2025-03-26' });
  expect(stream.response.status).toBe(200);
  expect((await stream.end()).retries).toEqual([70]);
});
