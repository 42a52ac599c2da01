import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { metric, received, scratchFile } from '../support/wire.js';

describe('when the child dies in a call', () => {
  it.each(['sse', 'mcp'] as const)('on %s: an error at once, the session lives, the next call works', async (path) => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = path === 'sse' ? await RawSse.open(`${hearth.url}/sse`) : new RawHttp(`${hearth.url}/mcp`);
    if (client instanceof RawSse) await client.initialize();
    else await client.open();
    const before = await client.call(1, 'pid');
    const waiting = client.call(2, 'sleep', { ms: 60_000 });
    await until(() => hearth.app.busy);
    const killed = performance.now();
    process.kill(Number(before), 'SIGKILL');
    expect(await waiting).toContain('"hearth":"child_exited"');
    expect(performance.now() - killed).toBeLessThan(1_000);
    const after = await client.call(3, 'pid');
    expect(Number(after)).toBeGreaterThan(0);
    expect(after).not.toBe(before);
    const listed = await client.request(4, 'tools/list');
    expect(JSON.stringify(listed)).toContain('fixture tool echo');
    expect(hearth.app.sessions.size).toBe(1);
    expect(await metric(hearth.url, 'mcp_child_restarts_total', 'signal')).toBe(1);
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'outcome="child_exit"')).toBe(1);
    if (client instanceof RawSse) client.close();
  });

  it(verifies(['W5.ping'], 'restarts a server that hangs, under steady traffic too'), async () => {
    const server = fixture('', { pingTimeout: 100, breakerFailures: 0 });
    await using hearth = await startApp({ servers: { fixture: server }, limits: { requestTimeout: 200 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const before = await client.call(1, 'pid');
    expect(await client.call(2, 'block', { ms: 60_000 })).toContain('"hearth":"timeout"');
    // A client that never stops calling: the server is never idle, and is found out all the same.
    await until(async () => Number(await client.call(3, 'pid')) > 0);
    expect(await client.call(4, 'pid')).not.toBe(before);
    expect(await metric(hearth.url, 'mcp_child_restarts_total', 'unresponsive')).toBe(1);
  });

  it(verifies(['RULE6'], 'does not send the call again by itself'), async () => {
    const journal = scratchFile();
    await using hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    expect(await client.call(1, 'die')).toContain('child_exited');
    expect(await client.call(2, 'echo', { text: 'next' })).toBe('next');
    expect((await received(journal, 'tools/call')).map(({ params }) => (params as Json).name)).toEqual(['die', 'echo']);
  });

  it(verifies(['RULE7', 'W5.replay'], 'replays what the sessions had set: log level, subscriptions'), async () => {
    const journal = scratchFile();
    await using hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) } });
    await untilReady(hearth.url);
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize();
    await client.request(1, 'logging/setLevel', { level: 'warning' });
    await client.request(2, 'resources/subscribe', { uri: 'fixture://one' });
    await client.call(3, 'die');
    await client.call(4, 'emit', { method: 'notifications/resources/updated', params: { uri: 'fixture://one' } });
    await client.until(() => client.messages.some(({ method }) => method === 'notifications/resources/updated'));
    expect((await received(journal, 'logging/setLevel')).map(({ params }) => params)).toEqual([{ level: 'warning' }, { level: 'warning' }]);
    expect(await received(journal, 'resources/subscribe')).toHaveLength(2);
    expect(await received(journal, 'initialize')).toHaveLength(2);
    client.close();
  });

  it(verifies(['RULE7'], 'tells the sessions when its tools are others than before, and only then'), async () => {
    for (const [modes, told] of [
      ['tools-change', 1],
      ['', 0],
    ] as const) {
      const server = fixture(modes, { env: { FIXTURE_STARTS: scratchFile() } });
      await using hearth = await startApp({ servers: { fixture: server } });
      await untilReady(hearth.url);
      const client = await RawSse.open(`${hearth.url}/sse`);
      await client.initialize();
      await client.call(1, 'die');
      await client.call(2, 'echo', { text: 'x' });
      expect(client.messages.filter(({ method }) => method === 'notifications/tools/list_changed')).toHaveLength(told);
      client.close();
    }
  });

  it(verifies(['W5.failed'], 'fails fast while it cannot come back, and recovers by reset'), async () => {
    const starts = scratchFile();
    const server = fixture('', { env: { FIXTURE_STARTS: starts }, maxRestarts: 1, backoffMin: 10 });
    await using hearth = await startApp({ servers: { fixture: server } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await client.call(1, 'die');
    await client.call(2, 'die');
    const [reply] = await client.request(3, 'tools/call', { name: 'echo', arguments: { text: 'x' } });
    expect(reply?.error).toMatchObject({ code: -32003, data: { hearth: 'unavailable' } });
    const status = (await (await fetch(`${hearth.url}/status`)).json()) as { servers: Array<{ children: Json[] }> };
    expect(status.servers[0]?.children[0]).toMatchObject({ state: 'failed', error: 'its process exited with code 1' });
    expect((await fetch(`${hearth.url}/servers/fixture/reset`, { method: 'POST' })).status).toBe(202);
    expect(await client.call(4, 'echo', { text: 'back' })).toBe('back');
  });
});

describe('shared state of one server', () => {
  it(verifies(['RULE4'], 'counts subscriptions: one upstream, updates to subscribers only, released with the session'), async () => {
    const journal = scratchFile();
    await using hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) } });
    await untilReady(hearth.url);
    const [a, b, c] = await Promise.all([0, 1, 2].map(() => RawSse.open(`${hearth.url}/sse`)));
    if (!a || !b || !c) throw new Error('three clients');
    for (const client of [a, b, c]) await client.initialize();
    const uri = 'fixture://one';
    await a.request(1, 'resources/subscribe', { uri });
    expect(await b.request(1, 'resources/subscribe', { uri })).toMatchObject({ id: 1, result: {} });
    await c.call(1, 'emit', { method: 'notifications/resources/updated', params: { uri } });
    await c.call(2, 'emit', { method: 'notifications/tools/list_changed' });
    for (const client of [a, b, c]) await client.until(() => client.messages.some(({ method }) => method === 'notifications/tools/list_changed'));
    const updates = [a, b, c].map(({ messages }) => messages.filter(({ method }) => method === 'notifications/resources/updated').length);
    expect(updates).toEqual([1, 1, 0]);
    expect(await a.request(2, 'resources/unsubscribe', { uri })).toMatchObject({ result: {} });
    expect(await received(journal, 'resources/unsubscribe')).toEqual([]);
    b.close();
    await until(async () => (await received(journal, 'resources/unsubscribe')).length === 1);
    expect(await c.request(3, 'resources/unsubscribe', { uri: 'fixture://never' })).toMatchObject({ result: {} });
    expect(await received(journal, 'resources/subscribe')).toHaveLength(1);
    a.close();
    c.close();
  });

  it(verifies(['RULE4'], 'sends the most verbose log level upstream and filters each session by its own'), async () => {
    const journal = scratchFile();
    await using hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) } });
    await untilReady(hearth.url);
    const [verbose, quiet, unset] = await Promise.all([0, 1, 2].map(() => RawSse.open(`${hearth.url}/sse`)));
    if (!verbose || !quiet || !unset) throw new Error('three clients');
    for (const client of [verbose, quiet, unset]) await client.initialize();
    await unset.call(0, 'log', { level: 'debug', data: 'nobody has chosen' });
    await quiet.request(1, 'logging/setLevel', { level: 'error' });
    await verbose.request(1, 'logging/setLevel', { level: 'debug' });
    expect(await quiet.request(2, 'logging/setLevel', { level: 'critical' })).toMatchObject({ result: {} });
    expect(await quiet.request(3, 'logging/setLevel', { level: 'loud' })).toMatchObject({ error: { code: -32602 } });
    for (const level of ['debug', 'info', 'critical', 'odd']) await verbose.call(level, 'log', { level, data: level });
    const seen = (client: RawSse): unknown[] =>
      client.messages.filter(({ method }) => method === 'notifications/message').map(({ params }) => (params as Json).data);
    for (const client of [verbose, quiet, unset]) await client.until(() => seen(client).includes('odd'));
    expect(seen(verbose)).toEqual(['nobody has chosen', 'debug', 'info', 'critical', 'odd']);
    expect(seen(quiet)).toEqual(['nobody has chosen', 'critical', 'odd']);
    expect(seen(unset)).toEqual(['nobody has chosen', 'info', 'critical', 'odd']);
    expect((await received(journal, 'logging/setLevel')).map(({ params }) => params)).toEqual([{ level: 'error' }, { level: 'debug' }]);
    for (const client of [verbose, quiet, unset]) client.close();
  });
});
