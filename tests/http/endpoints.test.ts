import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { RawHttp, RawSse } from '../support/raw-client.js';
import { metric } from '../support/wire.js';

let hub: RunningApp;
beforeAll(async () => {
  hub = await startApp({ servers: { one: fixture(), 'two.b-c': fixture() } });
  await untilReady(hub.url);
});
afterAll(() => hub[Symbol.asyncDispose]());

describe('a hub', () => {
  it('serves all servers at the root and each one bare under its name, over both transports', async () => {
    for (const [prefix, tool] of [
      ['', 'one__echo'],
      ['/servers/one', 'echo'],
      ['/servers/two.b-c', 'echo'],
      ['/servers/%6fne', 'echo'],
    ] as const) {
      const http = new RawHttp(`${hub.url}${prefix}/mcp`);
      await http.open();
      expect(await http.call(1, tool, { text: prefix })).toBe(prefix);
      const sse = await RawSse.open(`${hub.url}${prefix}/sse`);
      await sse.initialize();
      expect(await sse.call(1, tool, { text: prefix })).toBe(prefix);
      sse.close();
      await http.close();
    }
    await until(() => hub.app.sessions.size === 0);
    expect(await metric(hub.url, 'http_requests_total', 'route="/servers/{name}/sse"')).toBe(3);
  });

  it('finds no session of one endpoint at another', async () => {
    const one = new RawHttp(`${hub.url}/servers/one/mcp`);
    await one.open();
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
    for (const path of ['/mcp', '/servers/two.b-c/mcp']) {
      const other = new RawHttp(hub.url + path);
      other.session = one.session;
      expect((await other.post(ping)).status).toBe(404);
      expect((await other.close()).status).toBe(404);
    }
    expect((await one.post(ping)).status).toBe(200);
    const sse = await RawSse.open(`${hub.url}/servers/one/sse`);
    expect(sse.endpoint).toMatch(/^\/servers\/one\/messages\?sessionId=/);
    const foreign = sse.endpoint?.replace('one', 'two.b-c') ?? '';
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(ping) };
    expect((await fetch(hub.url + foreign, post)).status).toBe(404);
    expect((await fetch(`${hub.url}${sse.endpoint}`, post)).status).toBe(202);
    sse.close();
    await one.close();
  });
});
