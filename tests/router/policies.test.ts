import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { initialize, type Json, messagesOf, RawHttp, RawSse } from '../support/raw-client.js';
import { isAlive, metric, received, scratchFile } from '../support/wire.js';

async function open(url: string, capabilities: Json = {}): Promise<RawHttp> {
  const client = new RawHttp(`${url}/mcp`);
  await client.open(capabilities);
  return client;
}

describe('policy shared', () => {
  it(verifies(['W4.shared'], 'opens 200 sessions without a process, and drops them abruptly without a trace'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const clients = await Promise.all(Array.from({ length: 200 }, () => RawSse.open(`${hearth.url}/sse`)));
    await Promise.all(clients.map((client) => client.initialize()));
    expect(await metric(hearth.url, 'chat_sessions_active')).toBe(200);
    expect(await metric(hearth.url, 'mcp_child_processes')).toBe(1);
    for (const client of clients) client.close();
    await until(async () => (await metric(hearth.url, 'chat_sessions_active')) === 0);
    expect(await metric(hearth.url, 'mcp_child_processes')).toBe(1);
  });
});

describe('policy pool', () => {
  it(verifies(['W4.pool'], 'spreads sessions, keeps each with its child, and moves them away from one that is down'), async () => {
    const starts = scratchFile();
    const server = fixture('', { policy: 'pool', poolSize: 3, env: { FIXTURE_STARTS: starts }, backoffMin: 60_000 });
    await using hearth = await startApp({ servers: { fixture: server } });
    await until(async () => (await metric(hearth.url, 'mcp_child_up')) === 3);
    const clients = await Promise.all(Array.from({ length: 6 }, () => open(hearth.url)));
    const pids = await Promise.all(clients.map((client) => client.call(1, 'pid')));
    expect(await Promise.all(clients.map((client) => client.call(2, 'pid')))).toEqual(pids);
    for (const pid of new Set(pids)) expect(pids.filter((other) => other === pid)).toHaveLength(2);
    process.kill(Number(pids[0]), 'SIGKILL');
    await until(async () => (await metric(hearth.url, 'mcp_child_up')) === 2);
    expect((await fetch(`${hearth.url}/health/ready`)).status).toBe(200);
    const moved = await clients[0]?.call(3, 'pid');
    expect(moved).not.toBe(pids[0]);
    expect(pids).toContain(moved);
    await clients[0]?.close();
    await clients[1]?.close();
    expect(hearth.app.sessions.size).toBe(4);
  });
});

describe('policy per-session', () => {
  it(verifies(['W4.per-session'], 'gives each session a child with its own capabilities, and ends it with the session'), async () => {
    const journal = scratchFile();
    await using hearth = await startApp({ servers: { fixture: fixture('', { policy: 'per-session', env: { FIXTURE_JOURNAL: journal } }) } });
    await untilReady(hearth.url);
    const a = await open(hearth.url, { roots: { listChanged: true } });
    const b = await open(hearth.url, { sampling: {} });
    const pids = [Number(await a.call(1, 'pid')), Number(await b.call(1, 'pid'))];
    expect(pids[0]).not.toBe(pids[1]);
    const [, ofA, ofB] = await received(journal, 'initialize');
    expect(ofA?.params).toMatchObject({ capabilities: { roots: { listChanged: true } }, clientInfo: { name: 'raw' } });
    expect(ofB?.params).toHaveProperty('capabilities', { sampling: {} });
    await a.post({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' });
    await until(async () => (await received(journal, 'notifications/roots/list_changed')).length === 1);
    await a.close();
    await until(() => !isAlive(pids[0] as number));
    expect(await b.call(2, 'pid')).toBe(String(pids[1]));
    await b.close();
    await until(async () => (await metric(hearth.url, 'mcp_child_processes_expected')) === 0);
  });

  it('sends what the child says to its own session only', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture('', { policy: 'per-session' }) } });
    await untilReady(hearth.url);
    const [a, b] = [await RawSse.open(`${hearth.url}/sse`), await RawSse.open(`${hearth.url}/sse`)];
    for (const client of [a, b]) await client.initialize({ sampling: {} });
    const busy = b.call(1, 'sleep', { ms: 200 });
    for (const method of ['notifications/tools/list_changed', 'notifications/message', 'notifications/custom']) {
      await a.call(method, 'emit', { method, params: { level: 'info', data: 'x' } });
    }
    await busy;
    const notified = (client: RawSse): number => client.messages.filter(({ method }) => method !== undefined).length;
    expect([notified(a), notified(b)]).toEqual([3, 0]);
    a.close();
    b.close();
  });

  it('has a limit, and says so', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture('', { policy: 'per-session', maxChildren: 1 }) } });
    await untilReady(hearth.url);
    const first = await open(hearth.url);
    const response = await new RawHttp(`${hearth.url}/mcp`).post(initialize(1));
    expect(response.status).toBe(503);
    expect(JSON.stringify(await messagesOf(response))).toContain('already runs 1 children');
    await first.close();
    await until(async () => (await new RawHttp(`${hearth.url}/mcp`).post(initialize(1))).ok);
  });

  it(verifies(['W5.ready'], 'is ready only when a probe has found a working server'), async () => {
    const server = fixture('exit-first', { policy: 'per-session', env: { FIXTURE_STARTS: scratchFile() }, backoffMin: 300 });
    await using hearth = await startApp({ servers: { fixture: server } });
    await until(async () => JSON.stringify(await (await fetch(`${hearth.url}/status`)).json()).includes('"backoff"'));
    expect((await fetch(`${hearth.url}/health/ready`)).status).toBe(503);
    await untilReady(hearth.url);
    expect(await metric(hearth.url, 'mcp_tools')).toBeGreaterThan(10);
    expect(await metric(hearth.url, 'mcp_child_processes_expected')).toBe(0);
  });

  it('brings a child back that died, for the same session', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture('', { policy: 'per-session' }) } });
    await untilReady(hearth.url);
    const client = await open(hearth.url);
    const before = await client.call(1, 'pid');
    expect(await client.call(2, 'die')).toContain('child_exited');
    expect(await client.call(3, 'pid')).not.toBe(before);
  });

  it('fails initialize with the reason when the child cannot start', async () => {
    const server = fixture('exit-at-start', { policy: 'per-session', maxRestarts: 1 });
    await using hearth = await startApp({ servers: { fixture: server } });
    await until(async () => JSON.stringify(await (await fetch(`${hearth.url}/status`)).json()).includes('"failed"'));
    expect((await new RawHttp(`${hearth.url}/mcp`).post(initialize(1))).status).toBe(503);
  });
});
