import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until } from '../support/app.js';
import { initialize, messagesOf, RawHttp } from '../support/raw-client.js';
import { isAlive } from '../support/wire.js';

const KEYED = { credentials: { TOKEN: 'X-Token' } };

/** A client that sends its token with every request. */
async function open(url: string, token: string): Promise<RawHttp> {
  const client = new RawHttp(`${url}/mcp`);
  const response = await client.post(initialize(0), { 'x-token': token });
  client.session = response.headers.get('mcp-session-id') ?? undefined;
  return client;
}

const start = (extra: object): Promise<RunningApp> => startApp({ servers: { keyed: fixture('', { ...KEYED, ...extra }) } });

describe('children keyed by credentials', () => {
  it(verifies(['W4.credentials'], 'are shared by sessions with the same ones and reached by no others'), async () => {
    await using hearth = await start({});
    const [a1, a2, b] = [await open(hearth.url, 'secret-a'), await open(hearth.url, 'secret-a'), await open(hearth.url, 'secret-b')];
    expect(await a1.call(1, 'env', { name: 'TOKEN' })).toBe('secret-a');
    expect(await b.call(1, 'env', { name: 'TOKEN' })).toBe('secret-b');
    expect(await a2.call(1, 'pid')).toBe(await a1.call(2, 'pid'));
    expect(await b.call(2, 'pid')).not.toBe(await a1.call(3, 'pid'));
    const status = await (await fetch(`${hearth.url}/status`)).text();
    expect(status).not.toContain('secret');
    expect((await fetch(`${hearth.url}/health/ready`)).status).toBe(200);
  });

  it(verifies(['W4.credentials'], 'are refused to sessions without them'), async () => {
    await using hearth = await start({});
    const response = await new RawHttp(`${hearth.url}/mcp`).post(initialize(1));
    expect((await messagesOf(response))[0]).toMatchObject({ error: { code: -32009, message: expect.stringContaining('needs the header x-token') } });
    expect(hearth.app.sessions.size).toBe(0);
  });

  it('stay warm for a while without sessions, then end', async () => {
    await using hearth = await start({ credentialIdle: 200 });
    const first = await open(hearth.url, 'a');
    const pid = await first.call(1, 'pid');
    await first.close();
    const second = await open(hearth.url, 'a');
    expect(await second.call(1, 'pid')).toBe(pid);
    await second.close();
    await until(() => !isAlive(Number(pid)));
  });

  it('have a limit', async () => {
    await using hearth = await start({ maxChildren: 1 });
    await open(hearth.url, 'a');
    const response = await new RawHttp(`${hearth.url}/mcp`).post(initialize(1), { 'x-token': 'b' });
    expect([response.status, JSON.stringify(await messagesOf(response))]).toEqual([503, expect.stringContaining('already runs 1 children')]);
  });

  it('serve a hub too', async () => {
    await using hearth = await startApp({ servers: { keyed: fixture('', KEYED), other: fixture() } });
    const client = await open(hearth.url, 'secret-a');
    expect(await client.call(1, 'keyed__env', { name: 'TOKEN' })).toBe('secret-a');
    const bare = new RawHttp(`${hearth.url}/mcp`);
    await bare.open();
    expect(await bare.call(1, 'keyed__env', { name: 'TOKEN' })).toContain('needs the header');
    expect(await bare.call(2, 'other__echo', { text: 'x' })).toBe('x');
  });

  it(verifies(['W4.credentials'], 'keep their log records from sessions with other credentials, in a hub too'), async () => {
    await using hearth = await startApp({ servers: { keyed: fixture('', KEYED), other: fixture() } });
    const [alice, bob] = [await open(hearth.url, 'secret-a'), await open(hearth.url, 'secret-b')];
    for (const client of [alice, bob]) await client.call(0, 'keyed__echo', { text: 'join' });
    // Log records ride on an open response of their session, or wait for its GET stream.
    const quiet = bob.request(1, 'tools/call', { name: 'keyed__sleep', arguments: { ms: 400 } });
    const loud = await alice.request(1, 'tools/call', { name: 'keyed__log', arguments: { level: 'info', data: "alice's" } });
    expect(JSON.stringify(loud)).toContain("alice's");
    expect(JSON.stringify(await quiet)).not.toContain("alice's");
  });
});
