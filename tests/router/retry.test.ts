import { describe, expect, it } from 'vitest';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { RawHttp } from '../support/raw-client.js';
import { metric } from '../support/wire.js';
import { json, OddServer } from '../upstream/odd-server.js';

/** A Streamable HTTP server that forgets its sessions, or is not to be had, as the test says. */
async function forgetful(): Promise<{ server: OddServer; forget(times: number): void; fail(status: number): void }> {
  let toForget = 0;
  let failWith = 0;
  let sessions = 0;
  const server = await OddServer.start(({ method, body }, res) => {
    if (method !== 'POST') res.writeHead(method === 'GET' ? 405 : 200).end();
    else if (failWith > 0) res.writeHead(failWith).end();
    else if (body?.method === 'initialize') {
      const result = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'odd', version: '1' } };
      json(res, { jsonrpc: '2.0', id: body.id, result }, 200, { 'Mcp-Session-Id': `s${sessions++}` });
    } else if (body?.id === undefined) res.writeHead(202).end();
    else if (body.method === 'tools/call' && toForget-- > 0) res.writeHead(404).end();
    else
      json(res, {
        jsonrpc: '2.0',
        id: body.id,
        result: { tools: [{ name: 't', inputSchema: {} }], content: [{ type: 'text', text: `s${sessions}` }] },
      });
  });
  const forget = (times: number): void => {
    toForget = times;
  };
  const fail = (status: number): void => {
    failWith = status;
  };
  return { server, forget, fail };
}

describe('a call that its remote server never got', () => {
  it('is sent again in a new session, whatever the tool, and is an error when that does not help', async () => {
    const { server, forget } = await forgetful();
    await using _ = server;
    await using hearth = await startApp({ servers: { odd: { url: `${server.origin}/mcp`, backoffMin: 10 } } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    forget(1);
    expect(await client.call(1, 't')).toBe('s2');
    forget(100);
    expect(await client.call(2, 't')).toContain('child_exited');
    expect(server.seen.filter(({ body }) => body?.method === 'tools/call')).toHaveLength(6);
    forget(0);
    await until(async () => (await client.call(3, 't')).startsWith('s'));
  });
});

describe('a remote server that answers with error statuses', () => {
  it('opens the breaker and does not pass for alive', async () => {
    const { server, fail } = await forgetful();
    await using _ = server;
    const odd = { url: `${server.origin}/mcp`, backoffMin: 10, breakerFailures: 3, breakerOpen: 60_000, ping: 30, pingTimeout: 30 };
    await using hearth = await startApp({ servers: { odd } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    fail(500);
    const answers = [];
    for (let id = 1; id <= 4; id++) answers.push(await client.call(id, 't'));
    expect(answers[0]).toMatch(/HTTP 500|child_exited/);
    await until(async () => !(await fetch(`${hearth.url}/health/ready`)).ok);
    expect(await metric(hearth.url, 'mcp_child_restarts_total', 'reason="unresponsive"')).toBeGreaterThan(0);
    fail(0);
    await untilReady(hearth.url);
    await fetch(`${hearth.url}/servers/odd/reset`, { method: 'POST' });
    expect(await client.call(9, 't')).toMatch(/^s/);
  });

  it('opens the breaker after so many in a row', async () => {
    const { server, fail } = await forgetful();
    await using _ = server;
    await using hearth = await startApp({ servers: { odd: { url: `${server.origin}/mcp`, breakerFailures: 3, breakerOpen: 60_000, ping: 0 } } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    fail(503);
    for (let id = 1; id <= 3; id++) expect(await client.call(id, 't')).toContain('HTTP 503');
    expect(await client.call(4, 't')).toContain('breaker_open');
  });
});

describe('retries', () => {
  it('are never more than configured, none by default, and none for a call that names no tool', async () => {
    for (const [retries, restarts] of [
      [0, 1],
      [2, 3],
    ] as const) {
      await using hearth = await startApp({ servers: { fixture: fixture('annotated', { retries, maxRestarts: 100 }) } });
      await untilReady(hearth.url);
      const client = new RawHttp(`${hearth.url}/mcp`);
      await client.open();
      expect(await client.call(1, 'die')).toContain('child_exited');
      await until(async () => (await metric(hearth.url, 'mcp_child_restarts_total')) === restarts);
      expect(JSON.stringify(await client.request(2, 'tools/call', {}))).toContain('error');
    }
  });
});
