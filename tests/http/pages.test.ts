import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { type Json, RawHttp } from '../support/raw-client.js';
import { RawSocket } from '../support/socket.js';
import { TempFolder } from '../support/temp.js';
import { metric } from '../support/wire.js';

let hearth: RunningApp;
beforeAll(async () => {
  hearth = await startApp({ servers: { fixture: fixture() } });
  await untilReady(hearth.url);
});
afterAll(() => hearth[Symbol.asyncDispose]());

const get = async (url: string): Promise<{ status: number; body: Json }> => {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as Json };
};

describe('paths', () => {
  it.each(['/health/live', '/healthz'])(verifies(['H.live'], '%s is alive'), async (path) => {
    expect(await get(hearth.url + path)).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it.each(['/health/ready', '/readyz', '/ready'])(verifies(['H.ready'], '%s is ready'), async (path) => {
    expect(await get(hearth.url + path)).toEqual({ status: 200, body: { status: 'ready' } });
  });

  it.each(['/nothing', '/', '//', '//evil.com/mcp', '/mcp/', '/MCP', '/health/', '/servers/fixture', '/servers/fixture/nothing', '/servers//mcp'])(
    '%s is 404 and says what there is',
    async (path) => {
      await using socket = new RawSocket(hearth.url).read();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      await until(() => socket.ended);
      expect(socket.status).toBe(404);
      expect(socket.received).toContain('MCP is at /sse and /mcp');
    },
  );

  it.each(['/servers/other/mcp', '/servers/%zz/sse'])('%s is 404 and names the servers', async (path) => {
    const { status, body } = await get(hearth.url + path);
    expect(status).toBe(404);
    expect(body).toMatchObject({ error: { message: 'There is no server of this name. Servers: fixture.' } });
  });

  it('takes a target in absolute form, and refuses a malformed one', async () => {
    for (const [target, status] of [
      [`${hearth.url}/health/live`, 200],
      ['*', 400],
    ] as const) {
      await using socket = new RawSocket(hearth.url).read();
      socket.write(`${target === '*' ? 'OPTIONS' : 'GET'} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      await until(() => socket.ended);
      expect(socket.status).toBe(status);
    }
  });

  it.each(['/health', '/health/live', '/health/ready', '/healthz', '/readyz', '/ready', '/status', '/metrics'])('POST %s is 405', async (path) => {
    const response = await fetch(hearth.url + path, { method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET');
  });
});

describe('reports', () => {
  it(verifies(['H.deep'], '/health is ok and tells of the server and its child'), async () => {
    const { status, body } = await get(`${hearth.url}/health`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'ok',
      version: '0.0.0-test',
      sessions: 0,
      servers: [{ name: 'fixture', ready: true, usage: { processes: 1 } }],
    });
    expect(body).not.toHaveProperty('reasons');
  });

  it('/status tells of sessions and children, and of no secrets', async () => {
    await using secret = await startApp({
      servers: { fixture: fixture('', { args: ['--import', 'data:text/javascript,', ...(fixture().args ?? [])], env: { TOKEN: 'hush-hush' } }) },
    });
    await untilReady(secret.url);
    const client = new RawHttp(`${secret.url}/mcp`);
    await client.open();
    const { body } = await get(`${secret.url}/status`);
    expect(body).toMatchObject({
      draining: false,
      sessions: { active: 1, byTransport: { 'streamable-http': 1 } },
      servers: [{ name: 'fixture', policy: 'shared', queue: { running: 0, waiting: 0 }, children: [{ state: 'ready', restarts: 0 }] }],
    });
    expect(JSON.stringify(body)).not.toContain('hush-hush');
    expect(JSON.stringify(body)).not.toContain(client.session);
  });

  it(verifies(['H.ready'], 'a hub with one broken server is degraded but ready; with none it is down'), async () => {
    using folder = new TempFolder();
    const broken = { command: folder.file('not-there-yet') };
    await using hub = await startApp({ servers: { good: fixture(), broken } });
    await untilReady(hub.url);
    await until(async () => (await get(`${hub.url}/health`)).body.status === 'degraded');
    expect(await get(`${hub.url}/health`)).toMatchObject({ status: 200, body: { reasons: [expect.stringContaining('"broken" is not available')] } });
    expect(await get(`${hub.url}/health/ready`)).toMatchObject({ status: 200, body: { status: 'ready', reasons: [expect.any(String)] } });

    await using none = await startApp({ servers: { broken } });
    await until(async () => (await get(`${none.url}/status`)).body.servers !== undefined);
    await until(async () => JSON.stringify((await get(`${none.url}/health`)).body.reasons).includes('could not be started'));
    expect(await get(`${none.url}/health`)).toMatchObject({ status: 503, body: { status: 'down' } });
    const ready = await fetch(`${none.url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(ready.headers.get('retry-after')).toBe('1');
    expect(await ready.json()).toMatchObject({ status: 'not ready', reasons: [expect.stringContaining('see /status')] });
    expect((await fetch(`${none.url}/health/live`)).status).toBe(200);
  });

  it('POST /servers/{name}/reset tries a failed server again', async () => {
    const starts = new TempFolder();
    await using hub = await startApp({
      servers: {
        good: fixture(),
        flaky: fixture('exit-first', { maxRestarts: 1, backoffMin: 60_000, env: { FIXTURE_STARTS: starts.file('starts') } }),
      },
    });
    const state = async (): Promise<unknown> => {
      const { servers } = (await get(`${hub.url}/status`)).body as { servers: Array<{ name: string; children: Array<{ state: string }> }> };
      return servers.find(({ name }) => name === 'flaky')?.children[0]?.state;
    };
    await until(async () => (await state()) === 'backoff');
    const reset = await fetch(`${hub.url}/servers/flaky/reset`, { method: 'POST' });
    expect({ status: reset.status, body: await reset.json() }).toEqual({ status: 202, body: { status: 'reset' } });
    await until(async () => (await state()) === 'ready');
    const unknown = await fetch(`${hub.url}/servers/nobody/reset`, { method: 'POST' });
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ error: { message: 'There is no server "nobody".' } });
    expect((await fetch(`${hub.url}/servers/flaky/reset`)).status).toBe(404);
    expect(await metric(hub.url, 'http_requests_total', 'route="/servers/{name}/reset"')).toBeGreaterThanOrEqual(2);
    starts[Symbol.dispose]();
  });
});
