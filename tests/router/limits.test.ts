import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { type Json, messagesOf, RawHttp, RawSse } from '../support/raw-client.js';
import { metric, received, scratchFile } from '../support/wire.js';

async function open(url: string): Promise<RawHttp> {
  const client = new RawHttp(`${url}/mcp`);
  await client.open();
  return client;
}

const call = (client: RawHttp, id: number, ms: number): Promise<Response> =>
  client.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'sleep', arguments: { ms } } });
const queueOf = ({ app }: RunningApp): Json => app.servers[0]?.router.report().queue as Json;

describe('a full server', () => {
  it(verifies(['R.queue'], 'answers 503 with Retry-After when its queue is full, and an error inside a stream'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { concurrency: 1, queue: 1 } });
    await untilReady(hearth.url);
    const client = await open(hearth.url);
    const running = [call(client, 1, 300), call(client, 2, 1)];
    await until(() => queueOf(hearth).waiting === 1);
    const refused = await call(client, 3, 1);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await messagesOf(refused))[0]).toMatchObject({ id: 3, error: { code: -32005, data: { hearth: 'overloaded', retryable: true } } });
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await sse.initialize();
    expect(await sse.request(4, 'tools/call', { name: 'echo', arguments: {} })).toMatchObject({ error: { code: -32005 } });
    expect(await metric(hearth.url, 'mcp_queue_waiting')).toBe(1);
    expect(await metric(hearth.url, 'mcp_requests_rejected_total', 'overloaded')).toBe(2);
    for (const response of await Promise.all(running)) expect(response.status).toBe(200);
    sse.close();
  });

  it(verifies(['R.queue'], 'does not let a request wait for longer than the limit, and never sends it then'), async () => {
    const journal = scratchFile();
    const server = fixture('', { env: { FIXTURE_JOURNAL: journal } });
    await using hearth = await startApp({ servers: { fixture: server }, limits: { concurrency: 1, queueAge: 50 } });
    await untilReady(hearth.url);
    const client = await open(hearth.url);
    const running = call(client, 1, 300);
    await until(() => queueOf(hearth).running === 1);
    const late = await call(client, 2, 1);
    expect([late.status, JSON.stringify(await messagesOf(late))]).toEqual([503, expect.stringContaining('no place became free within 50 ms')]);
    await messagesOf(await running);
    expect(await client.call(3, 'echo', { text: 'after' })).toBe('after');
    expect(await received(journal, 'tools/call')).toHaveLength(2);
  });

  it(verifies(['R.queue'], 'serves sessions in turn: one that queues fifty calls does not starve another'), async () => {
    const journal = scratchFile();
    const server = fixture('', { env: { FIXTURE_JOURNAL: journal } });
    await using hearth = await startApp({ servers: { fixture: server }, limits: { concurrency: 1 } });
    await untilReady(hearth.url);
    const [greedy, modest] = [await open(hearth.url), await open(hearth.url)];
    const many = Array.from({ length: 50 }, (_, id) => greedy.call(id, 'sleep', { ms: id === 0 ? 2_000 : 5, text: 'greedy' }));
    await until(() => Number(queueOf(hearth).waiting) > 40); // the first one gives the others the time to queue
    expect(await modest.call(1, 'echo', { text: 'modest' })).toBe('modest');
    expect(Number(queueOf(hearth).waiting)).toBeGreaterThan(20);
    await Promise.all(many);
  });

  it('refuses more requests in flight than it may have, of one session and of all', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { pending: 3, pendingPerSession: 2 } });
    await untilReady(hearth.url);
    const [a, b] = [await open(hearth.url), await open(hearth.url)];
    const running = [call(a, 1, 300), call(a, 2, 300)];
    await until(() => queueOf(hearth).running === 2);
    expect(JSON.stringify(await messagesOf(await call(a, 3, 1)))).toContain('limits.pendingPerSession');
    running.push(call(b, 1, 300));
    await until(() => queueOf(hearth).running === 3);
    expect(JSON.stringify(await messagesOf(await call(b, 2, 1)))).toContain('limits.pending)');
    await Promise.all(running);
  });

  it('starts only so many children per minute', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture('', { policy: 'per-session' }) }, limits: { spawnRate: 1 } });
    await untilReady(hearth.url);
    const client = await open(hearth.url);
    await client.close();
    const refused = await new RawHttp(`${hearth.url}/mcp`).open().catch(String);
    expect(refused).toBeUndefined();
    expect(hearth.app.sessions.size).toBe(0);
  });

  it('whose child does not read fails calls at once, and others go on', async () => {
    await using hearth = await startApp({ servers: { deaf: fixture(), good: fixture() }, limits: { childBuffer: '1MiB', requestTimeout: 2_000 } });
    await untilReady(hearth.url);
    const client = await open(hearth.url);
    await client.call(0, 'deaf__stop-reading');
    const text = 'x'.repeat(600_000);
    const waiting = [1, 2, 3, 4, 5, 6].map((id) => client.call(id, 'deaf__echo', { text }));
    await until(() => hearth.app.busy);
    expect(await client.call(10, 'good__echo', { text: 'fine' })).toBe('fine');
    const answers = await Promise.all(waiting);
    expect(answers.filter((answer) => answer.includes('does not read its input')).length).toBeGreaterThan(0);
    for (const answer of answers) expect(answer).toContain('hearth');
  });
});

describe('time limits', () => {
  it('begin anew with the progress of the server, up to the longest time', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { requestTimeout: 300, maxRequestTime: 900 } });
    await untilReady(hearth.url);
    const client = await open(hearth.url);
    const params = (steps: number) => ({ name: 'progress', arguments: { steps, ms: 100 }, _meta: { progressToken: 1 } });
    expect((await client.request(1, 'tools/call', params(6))).at(-1)).toMatchObject({ result: {} });
    expect((await client.request(2, 'tools/call', params(60))).at(-1)).toMatchObject({ error: { code: -32004 } });
  });
});

describe('the circuit breaker', () => {
  const failing = { breakerFailures: 2, breakerOpen: 500, maxRestarts: 100, ping: 0 } as const;

  it(verifies(['R.breaker'], 'opens after dead children in a row, lets one call through, and closes'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture('', failing) } });
    await untilReady(hearth.url);
    const client = await open(hearth.url);
    for (const id of [1, 2]) await client.call(id, 'die');
    const response = await call(client, 3, 1);
    expect([response.status, JSON.stringify(await messagesOf(response))]).toEqual([503, expect.stringContaining('breaker_open')]);
    expect(queueOf(hearth).breaker).toBe('open');
    expect(await metric(hearth.url, 'mcp_breaker_open')).toBe(1);
    await until(() => queueOf(hearth).breaker === 'half-open');
    expect(await client.call(4, 'echo', { text: 'probe' })).toBe('probe');
    expect(queueOf(hearth).breaker).toBe('closed');
  });

  it(verifies(['R.breaker'], 'counts a crash once, time limits each, and no errors of the server; a reset closes it'), async () => {
    await using hearth = await startApp({
      servers: { fixture: fixture('', { ...failing, breakerOpen: 60_000 }) },
      limits: { requestTimeout: 1_000 },
    });
    await untilReady(hearth.url);
    const client = await open(hearth.url);
    for (let id = 0; id < 5; id++) await client.call(id, id % 2 ? 'fail' : 'error');
    const inFlight = [1, 2, 3, 4].map((id) => client.call(id, 'sleep', { ms: 60_000 }));
    await until(() => queueOf(hearth).running === 4);
    await client.call(5, 'die');
    await Promise.all(inFlight);
    expect(queueOf(hearth).breaker).toBe('closed');
    await untilReady(hearth.url); // a call that waits for the child is none that the child left unanswered
    await client.call(6, 'sleep', { ms: 60_000 });
    expect(queueOf(hearth).breaker).toBe('open');
    await fetch(`${hearth.url}/servers/fixture/reset`, { method: 'POST' });
    expect(await client.call(7, 'echo', { text: 'closed' })).toBe('closed');
  });
});

describe('retries', () => {
  it(verifies(['R.retry'], 'send an annotated call again after its child died, and no other'), async () => {
    for (const [modes, wanted] of [
      ['annotated', 'start 2'],
      ['', 'child_exited'],
    ] as const) {
      const server = fixture(modes, { retries: 1, env: { FIXTURE_STARTS: scratchFile() } });
      await using hearth = await startApp({ servers: { fixture: server } });
      await untilReady(hearth.url);
      const client = await open(hearth.url);
      expect(await client.call(1, 'flaky')).toContain(wanted);
    }
  });

  it('end after the configured number', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture('annotated', { retries: 1 }) } });
    await untilReady(hearth.url);
    const client = await open(hearth.url);
    expect(await client.call(1, 'die')).toContain('child_exited');
    expect(await metric(hearth.url, 'mcp_child_restarts_total', 'exit')).toBe(2);
  });
});
