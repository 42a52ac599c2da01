import { describe, expect, it } from 'vitest';
import { fixture, startApp, until } from '../support/app.js';
import { recordedLog } from '../support/log.js';
import { initialize, messagesOf, RawHttp, RawSse } from '../support/raw-client.js';
import { isAlive } from '../support/wire.js';

const PICKY = "if (process.env.TOKEN === 'bad') process.exit(3); await import(process.argv[1]);";

async function open(url: string, token: string): Promise<RawHttp> {
  const client = new RawHttp(`${url}/mcp`);
  const response = await client.post(initialize(0), { 'x-token': token });
  client.session = response.headers.get('mcp-session-id') ?? undefined;
  return client;
}

describe('credentials', () => {
  it('that do not work keep nobody else out', async () => {
    const { args = [], ...server } = fixture('', { credentials: { TOKEN: 'X-Token' }, maxRestarts: 1, readyWait: 2_000 });
    const picky = { ...server, args: ['--input-type=module', '-e', PICKY, ...args] };
    await using hearth = await startApp({ servers: { keyed: picky } });
    const refused = await new RawHttp(`${hearth.url}/mcp`).post(initialize(1), { 'x-token': 'bad' });
    expect(JSON.stringify(await messagesOf(refused))).toContain('"unavailable"');
    const good = await open(hearth.url, 'good');
    expect(await good.call(1, 'env', { name: 'TOKEN' })).toBe('good');
  });

  it('stand in no status page, no metric and no log, and end with their children', async () => {
    const { log, text } = recordedLog('debug');
    const server = fixture('', { credentials: { TOKEN: 'X-Token' }, credentialIdle: 50 });
    await using hearth = await startApp({ servers: { keyed: server } }, log);
    const client = await open(hearth.url, 'secret-token');
    const pid = Number(await client.call(1, 'pid'));
    const pages = await Promise.all(['/status', '/health', '/metrics'].map(async (path) => (await fetch(hearth.url + path)).text()));
    expect([...pages, text()].join('\n')).not.toContain('secret-token');
    expect(text()).toContain('child_ready');
    await client.close();
    await until(() => !isAlive(pid));
    await until(() => hearth.app.servers[0]?.router.pids().length === 0);
    expect(text()).not.toContain('secret-token');
  });

  it('need every header that the config names, and sessions may come again while the child is warm', async () => {
    await using hearth = await startApp({ servers: { keyed: fixture('', { credentials: { TOKEN: 'X-Token', USER_NAME: 'X-User' } }) } });
    const response = await new RawHttp(`${hearth.url}/mcp`).post(initialize(1), { 'x-token': 'a' });
    expect((await messagesOf(response))[0]).toMatchObject({ error: { code: -32009, message: expect.stringContaining('needs the header x-user') } });
    const both = new RawHttp(`${hearth.url}/mcp`);
    both.session = (await both.post(initialize(1), { 'x-token': 'a', 'X-User': 'u' })).headers.get('mcp-session-id') ?? undefined;
    expect([await both.call(1, 'env', { name: 'TOKEN' }), await both.call(2, 'env', { name: 'USER_NAME' })]).toEqual(['a', 'u']);
  });

  it('are needed before anything else reaches a child, and a session without them leaves nothing', async () => {
    await using hearth = await startApp({ servers: { keyed: fixture('', { credentials: { TOKEN: 'X-Token' } }) } });
    const bare = await RawSse.open(`${hearth.url}/sse`);
    await bare.send({ jsonrpc: '2.0', method: 'notifications/custom' });
    expect(await bare.call(1, 'echo', { text: 'x' })).toContain('needs the header x-token');
    bare.close();
    await until(() => hearth.app.sessions.size === 0);
    expect(hearth.app.servers[0]?.router.pids()).toEqual([]);
  });
});
