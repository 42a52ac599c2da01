import { describe, expect, it } from 'vitest';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { initialize, type Json, messagesOf, RawHttp, RawSse } from '../support/raw-client.js';
import { metric, received, scratchFile } from '../support/wire.js';

const ENDLESS = { ms: 60_000 };
const queueOf = ({ app }: RunningApp): Json => app.servers[0]?.router.report().queue as Json;
const calling = (id: number, name: string, args: Json): Json => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });

async function start(limits: object, extra: object = {}): Promise<{ hearth: RunningApp; names(): Promise<unknown[]> }> {
  const journal = scratchFile();
  const server = fixture('', { ...extra, env: { FIXTURE_JOURNAL: journal } });
  const hearth = await startApp({ servers: { fixture: server }, limits: { drain: 100, ...limits } });
  await untilReady(hearth.url);
  const names = async (): Promise<unknown[]> => (await received(journal, 'tools/call')).map(({ params }) => (params as Json).name);
  return { hearth, names };
}

async function http(url: string): Promise<RawHttp> {
  const client = new RawHttp(`${url}/mcp`);
  await client.open();
  return client;
}

async function sse(url: string): Promise<RawSse> {
  const client = await RawSse.open(`${url}/sse`);
  await client.initialize();
  return client;
}

describe('sessions', () => {
  it.each([
    ['limits.sessions', { sessions: 1 }],
    ['limits.sessionsPerClient', { sessionsPerClient: 1 }],
  ])('above %s are refused with 503 on both transports, until one ends', async (key, limits) => {
    const { hearth } = await start(limits);
    await using _ = hearth;
    const first = await http(hearth.url);
    const refused = await new RawHttp(`${hearth.url}/mcp`).post(initialize(1));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await messagesOf(refused))[0]).toMatchObject({ error: { code: -32005, message: expect.stringContaining(key) } });
    const { response } = await RawSse.open(`${hearth.url}/sse`);
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining(key)]);
    expect(await metric(hearth.url, 'chat_sessions_active')).toBe(1);
    expect(await metric(hearth.url, 'http_requests_total', 'route="/mcp",status="503"')).toBe(1);
    await first.close();
    const second = await sse(hearth.url);
    second.close();
  });

  it('end at limits.sessionMaxAge, however busy they are', async () => {
    const { hearth, names } = await start({ sessionMaxAge: 300, sweepInterval: 20 });
    await using _ = hearth;
    const [stream, post] = [await sse(hearth.url), await http(hearth.url)];
    await stream.send(calling(1, 'sleep', ENDLESS));
    const answer = post.call(1, 'sleep', ENDLESS);
    await until(async () => (await names()).length === 2);
    expect(await answer).toContain('session_not_found');
    await stream.until(() => stream.ended);
    expect(await metric(hearth.url, 'mcp_sessions_closed_total', 'reason="too_old"')).toBe(2);
    expect((await post.post(calling(2, 'echo', {}))).status).toBe(404);
    expect(await metric(hearth.url, 'mcp_requests_in_flight')).toBe(0);
  });
});

describe('limits of calls', () => {
  it('are 503 on a POST and an error in a stream, for one session and for all', async () => {
    const { hearth } = await start({ pending: 2, pendingPerSession: 1 });
    await using _ = hearth;
    const [a, b, c] = [await http(hearth.url), await sse(hearth.url), await http(hearth.url)];
    const running = a.post(calling(1, 'sleep', ENDLESS));
    await until(() => queueOf(hearth).running === 1);
    const ofSession = await a.post(calling(2, 'echo', {}));
    expect([ofSession.status, ofSession.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await ofSession.text()).toContain('limits.pendingPerSession');
    await b.send(calling(1, 'sleep', ENDLESS));
    await until(() => queueOf(hearth).running === 2);
    const ofAll = await c.post(calling(1, 'echo', {}));
    expect([ofAll.status, await ofAll.text()]).toEqual([503, expect.stringContaining('(limits.pending)')]);
    expect(await b.request(2, 'tools/call', { name: 'echo' })).toMatchObject({ error: { code: -32005, data: { retryable: true } } });
    await Promise.all([a.close(), running]);
    b.close();
    await until(() => queueOf(hearth).running === 0);
    expect(await c.call(2, 'echo', { text: 'free' })).toBe('free');
  });

  it('name a wait that was too long in a stream and in the metrics', async () => {
    const { hearth, names } = await start({ concurrency: 1, queueAge: 40 });
    await using _ = hearth;
    const client = await sse(hearth.url);
    await client.send(calling(1, 'sleep', ENDLESS));
    await until(() => queueOf(hearth).running === 1);
    expect(await client.request(2, 'tools/call', { name: 'echo' })).toMatchObject({ error: { code: -32005, data: { hearth: 'overloaded' } } });
    expect(await metric(hearth.url, 'mcp_rpc_errors_total', 'code="-32005"')).toBe(1);
    expect(queueOf(hearth)).toMatchObject({ running: 1, waiting: 0 });
    expect(await names()).toEqual(['sleep']);
    client.close();
  });

  it('of time do not blame the server for one that only waited for its turn', async () => {
    const { hearth } = await start(
      { concurrency: 1, requestTimeout: 200, maxRequestTime: 5_000 },
      { breakerFailures: 1, breakerOpen: 60_000, ping: 0 },
    );
    await using _ = hearth;
    const [busy, other] = [await sse(hearth.url), await sse(hearth.url)];
    const params = { name: 'progress', arguments: { steps: 12, ms: 50 }, _meta: { progressToken: 1 } };
    const long = busy.request(1, 'tools/call', params);
    await until(() => queueOf(hearth).running === 1);
    expect(await other.request(1, 'tools/call', { name: 'echo' })).toMatchObject({ error: { code: -32004 } });
    expect(queueOf(hearth)).toMatchObject({ waiting: 0, breaker: 'closed' });
    expect(await long).toMatchObject({ result: {} });
    for (const client of [busy, other]) client.close();
  });

  it('of time count progress up to the longest time, and not a gap less', async () => {
    const { hearth } = await start({ requestTimeout: 400, maxRequestTime: 1_000 }, { ping: 0 });
    await using _ = hearth;
    const client = await sse(hearth.url);
    const startedAt = performance.now();
    const params = { name: 'progress', arguments: { steps: 100, ms: 300 }, _meta: { progressToken: 1 } };
    expect(await client.request(1, 'tools/call', params)).toMatchObject({ error: { code: -32004 } });
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    client.close();
  });
});

describe('a caller that has left', () => {
  it('or took its call back is never dispatched, is counted once and frees its place', async () => {
    const { hearth, names } = await start({ concurrency: 1, queue: 2, queueAge: 300 });
    await using _ = hearth;
    const [busy, waiting, next] = [await http(hearth.url), await sse(hearth.url), await http(hearth.url)];
    const running = busy.post(calling(1, 'sleep', { ms: 1_000 }));
    await until(() => queueOf(hearth).running === 1);
    for (const id of [1, 2]) await waiting.send(calling(id, 'env', { name: 'HOME' }));
    await until(() => queueOf(hearth).waiting === 2);
    await waiting.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await until(() => queueOf(hearth).waiting === 1);
    waiting.close();
    await until(() => queueOf(hearth).waiting === 0);
    // Longer than queueAge: nothing may come of those who left.
    expect(await next.call(1, 'pid')).toContain('no place became free within 300 ms');
    expect(waiting.reply(1)).toBeUndefined();
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'tool="env",outcome="cancelled"')).toBe(2);
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'tool="env",outcome="rpc_error"')).toBe(0);
    expect(await metric(hearth.url, 'mcp_requests_in_flight')).toBe(1);
    await messagesOf(await running);
    expect(await next.call(2, 'echo', { text: 'x' })).toBe('x');
    expect(await names()).toEqual(['sleep', 'echo']);
    expect(await metric(hearth.url, 'mcp_requests_in_flight')).toBe(0);
  });
});

describe('the circuit breaker', () => {
  it('lets one call through when it is half open, and opens again when that fails', async () => {
    const { hearth, names } = await start({ requestTimeout: 150 }, { breakerFailures: 2, breakerOpen: 1_000, ping: 0, maxRestarts: 100 });
    await using _ = hearth;
    const client = await http(hearth.url);
    for (const id of [1, 2]) expect(await client.call(id, 'sleep', ENDLESS)).toContain('timeout');
    const refused = await client.post(calling(3, 'echo', {}));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ error: { code: -32015, message: expect.stringMatching(/2 times in a row; .* in 1 s/) } });
    const status = (await (await fetch(`${hearth.url}/status`)).json()) as { servers: Array<{ queue: Json }> };
    expect(status.servers[0]?.queue.breaker).toBe('open');
    expect(await metric(hearth.url, 'mcp_rpc_errors_total', 'code="-32015"')).toBe(1);
    await until(() => queueOf(hearth).breaker === 'half-open');
    const probe = client.call(4, 'sleep', ENDLESS);
    await until(async () => (await names()).length === 3);
    expect((await client.post(calling(5, 'echo', {}))).status).toBe(503);
    expect(await probe).toContain('timeout');
    expect(queueOf(hearth).breaker).toBe('open');
    await until(() => queueOf(hearth).breaker === 'half-open');
    expect(await client.call(6, 'echo', { text: 'again' })).toBe('again');
    expect([queueOf(hearth).breaker, (await names()).length]).toEqual(['closed', 4]);
  });

  it('is closed by an answer that is too large: the server works', async () => {
    const server = fixture('', { breakerFailures: 2, breakerOpen: 60_000, ping: 0 });
    await using hearth = await startApp({ servers: { fixture: server }, limits: { requestTimeout: 200, message: 100_000 } });
    await untilReady(hearth.url);
    const client = await http(hearth.url);
    await client.call(1, 'sleep', ENDLESS);
    expect(await client.call(2, 'big', { bytes: 300_000 })).toContain('too_large');
    await client.call(3, 'sleep', ENDLESS);
    expect(queueOf(hearth).breaker).toBe('closed');
  });
});
