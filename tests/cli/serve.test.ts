import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { FIXTURE, until, untilReady } from '../support/app.js';
import { Cli, runCli } from '../support/cli.js';
import { type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { TempFolder } from '../support/temp.js';
import { isAlive } from '../support/wire.js';

const server = ['--', process.execPath, FIXTURE];

async function statusOf(url: string): Promise<{ servers: Array<{ name: string; policy: string; children: Array<{ pid: number }> }> }> {
  return (await (await fetch(`${url}/status`)).json()) as never;
}

describe('hearth wrap', () => {
  it('prints one JSON line with where it listens, serves, and ends on SIGTERM with nothing left', async () => {
    await using cli = new Cli(['wrap', '--port', '0', '--env', 'A=1', '--env', 'B=x=y', '--pass-env', 'C', ...server], { env: { C: '3', D: '4' } });
    const url = await cli.listening();
    expect(cli.stdout.split('\n').filter((line) => line.includes('"listening"'))).toHaveLength(1);
    expect(cli.record('listening')).toMatchObject({ level: 'info', url, sse: `${url}/sse`, mcp: `${url}/mcp`, servers: ['server'] });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(cli.stdout).not.toContain('LiteLLM');
    await untilReady(url);
    const client = await RawSse.open(`${url}/sse`);
    await client.initialize();
    for (const [name, value] of Object.entries({ A: '1', B: 'x=y', C: '3', D: '(unset)' }))
      expect(await client.call(name, 'env', { name })).toBe(value);
    const pid = Number(await client.call(1, 'pid'));
    expect(isAlive(pid)).toBe(true);
    cli.kill('SIGTERM');
    expect(await cli.ended()).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(cli.record('stopped')).toBeDefined();
  });

  it.each(['SIGINT', 'SIGHUP'] as const)('ends on %s as well', async (signal) => {
    await using cli = new Cli(['wrap', '--port', '0', ...server]);
    await cli.listening();
    cli.kill(signal);
    expect(await cli.ended()).toBe(0);
  });

  it(verifies(['R.drain'], 'lets requests in flight end on the first signal; a second one forces'), async () => {
    await using cli = new Cli(['wrap', '--port', '0', ...server]);
    const url = await cli.listening();
    await untilReady(url);
    const client = new RawHttp(`${url}/mcp`);
    await client.open();
    const call = client.call(1, 'sleep', { ms: 60_000 }).catch(() => 'cut');
    await until(async () => (await (await fetch(`${url}/metrics`)).text()).includes('mcp_requests_in_flight 1'));
    const pid = (await statusOf(url)).servers[0]?.children[0]?.pid ?? 0;
    cli.kill('SIGTERM');
    await until(() => cli.record('stopping') !== undefined);
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    cli.kill('SIGTERM');
    expect(await cli.ended()).toBe(1);
    expect(cli.record('forced')).toBeDefined();
    expect(await call).toBe('cut');
    await until(() => !isAlive(pid));
  });

  it('is ready again and again with hints for people, when they are asked for', async () => {
    await using cli = new Cli(['wrap', '--port', '0', '--log-format', 'pretty', ...server]);
    await until(() => cli.stdout.includes('claude mcp add'));
    expect(cli.stdout).toMatch(/SSE {16}http:\/\/127\.0\.0\.1:\d+\/sse\n/);
    expect(cli.stdout).toContain('mcp_servers: {hearth: {url: ');
  });

  it('writes no less severe records than it is told, by flag or environment', async () => {
    for (const options of [
      { args: ['--log-level', 'error'], env: {} },
      { args: [], env: { HEARTH_LOG_LEVEL: 'error' } },
    ]) {
      await using cli = new Cli(['wrap', '--port', '0', ...options.args, '--', 'no-such-program-here'], { env: options.env });
      await until(() => cli.record('child_failed') !== undefined);
      expect(cli.records.map(({ event }) => event)).toEqual(['child_failed']);
    }
  });

  it('stays up and says why when its server cannot be started', async () => {
    await using cli = new Cli(['wrap', '--port', '0', '--', 'no-such-program-here']);
    const url = await cli.listening();
    await until(() => cli.record('child_failed') !== undefined);
    expect(cli.record('child_failed')?.message).toContain('"no-such-program-here" could not be started');
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
  });

  it('needs a command: 2', async () => {
    const { code, stderr } = await runCli(['wrap']);
    expect(code).toBe(2);
    expect(stderr).toContain('name the server to wrap after --');
  });

  it('a port in use is said so: 1, and it ends', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as AddressInfo;
    const { code, stderr } = await runCli(['wrap', '--port', String(port), ...server]);
    blocker.close();
    expect(code).toBe(1);
    expect(stderr).toBe(`hearth: cannot listen on 127.0.0.1:${port}: the port is in use; choose another with --port (0 picks a free one).\n`);
  });

  it('an address of another machine is said so: 1', async () => {
    const { code, stderr } = await runCli(['wrap', '--port', '0', '--host', '192.0.2.1', ...server]);
    expect(code).toBe(1);
    expect(stderr).toContain('this address does not belong to the machine');
  });

  it('warns when every request would start a child', async () => {
    await using cli = new Cli(['wrap', '--port', '0', '--stateless', '--policy', 'per-session', ...server]);
    await cli.listening();
    await until(() => cli.record('stateless_per_session') !== undefined);
  });

  it('warns when it listens for others without allowed hosts', async () => {
    await using cli = new Cli(['wrap', '--port', '0', '--host', '0.0.0.0', ...server]);
    await cli.listening();
    await until(() => cli.record('allowed_hosts_unset') !== undefined);
  });
});

describe('hearth serve', () => {
  it(verifies(['W7.sessions', 'W7.json'], 'takes flag over environment over file over default'), async () => {
    using folder = new TempFolder();
    const config = {
      listen: { port: 1 },
      http: { jsonResponse: true },
      limits: { message: 1_000, sessionTimeout: '7s' },
      servers: { a: { command: process.execPath, args: [FIXTURE] } },
    };
    folder.write('hearth.yaml', JSON.stringify(config));
    const env = {
      HEARTH_PORT: '2',
      HEARTH_MAX_MESSAGE_SIZE: '2000',
      HEARTH_POLICY: 'pool',
      HEARTH_POOL_SIZE: '3',
      HEARTH_ALLOWED_ORIGINS: ' https://a.example , ',
    };
    await using cli = new Cli(['serve', '--port', '0', '--pool-size', '1'], { cwd: folder.path, env });
    const url = await cli.listening();
    expect(cli.record('config')?.message).toBe('config: hearth.yaml');
    await untilReady(url);
    expect((await statusOf(url)).servers).toMatchObject([{ name: 'a', policy: 'pool', children: [{ state: 'ready' }] }]);
    const client = new RawHttp(`${url}/mcp`);
    await client.open();
    expect((await client.post(' '.repeat(2_001))).status).toBe(413);
    expect((await client.post(' '.repeat(1_500))).status).toBe(400);
    expect((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { origin: 'https://a.example' })).status).toBe(200);
    const slow = await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 300 } } });
    expect(slow.headers.get('content-type')).toBe('application/json');
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('\nmcp_session_idle_timeout_seconds 7\n');
  });

  it(verifies(['W7.concurrency', 'W7.stateless'], "reads the names of the user's documents, after its own"), async () => {
    using folder = new TempFolder();
    const file = folder.write('c.json', JSON.stringify({ mcpServers: { 'my a': { command: process.execPath, args: [FIXTURE] } } }));
    const env = {
      MCP_HTTP_STATELESS: 'true',
      MCP_HTTP_JSON: 'false',
      MCP_CONNECTION_POOL_SIZE: '2',
      MCP_REQUEST_TIMEOUT: '200',
      MCP_MAX_CONCURRENT_REQUESTS: '9',
    };
    await using cli = new Cli(['serve', '-c', file], { env: { ...env, HEARTH_PORT: '0' } });
    const url = await cli.listening();
    expect(cli.record('config_note')?.message).toContain('"my a" is called "my-a"');
    await untilReady(url);
    expect((await statusOf(url)).servers).toMatchObject([{ name: 'my-a', policy: 'pool', children: [{}, {}] }]);
    const client = new RawHttp(`${url}/mcp`);
    const replies = await client.request(1, 'tools/call', { name: 'sleep', arguments: { ms: 60_000 } });
    expect((replies.at(-1) as { error: Json }).error).toMatchObject({ code: -32004, message: expect.stringContaining('200 ms') });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('mcp_sessions_opened_total{transport="stateless"} 1');
  });

  it('a config that is broken or absent: 2, with the place', async () => {
    using folder = new TempFolder();
    folder.write('hearth.yml', 'servers:\n  a: {comand: x}\n');
    const broken = await runCli(['serve'], { cwd: folder.path });
    expect(broken.code).toBe(2);
    expect(broken.stderr).toContain('hearth.yml:2:7: servers.a: unknown key "comand", did you mean "command"?');
    const absent = await runCli(['serve', '-c', 'absent.yaml'], { cwd: folder.path });
    expect(absent.code).toBe(2);
    expect(absent.stderr).toMatch(/^absent\.yaml: cannot be read: ENOENT/);
  });

  it('without a file serves real servers on ./data', async () => {
    using folder = new TempFolder();
    await using cli = new Cli(['serve', '--port', '0'], { cwd: folder.path });
    const url = await cli.listening();
    await untilReady(url, 60_000);
    const client = new RawHttp(`${url}/mcp`);
    await client.open();
    expect(await client.call(1, 'everything__echo', { message: 'hello' })).toBe('Echo: hello');
    expect(await client.call(2, 'filesystem__list_allowed_directories')).toContain(folder.file('data'));
    cli.kill('SIGTERM');
    expect(await cli.ended()).toBe(0);
  }, 90_000);
});
