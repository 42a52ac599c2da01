import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FIXTURE, fixture, startApp, until, untilReady } from '../support/app.js';
import { Cli } from '../support/cli.js';
import { type Json, messagesOf, RawHttp, RawSse, textOf } from '../support/raw-client.js';
import { metric } from '../support/wire.js';
import { verifies } from './requirements.js';

const RUDE = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'rude-clients.mjs');
const INSPECTOR = ['--yes', '--package=@modelcontextprotocol/inspector@2.12.0', '--', 'mcp-inspector', '--cli'];
const run = promisify(execFile);

describe('hearth wrap', () => {
  it(verifies(['W1.serve'], 'is the drop-in for supergateway: npx server, port 0'), async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hearth-wrap-'));
    await writeFile(join(folder, 'hello.txt'), 'hello');
    await using hearth = new Cli(['wrap', '--port', '0', '--', 'npx', '-y', '@modelcontextprotocol/server-filesystem', folder]);
    const url = await hearth.listening();
    await untilReady(url, 60_000);
    const client = await RawSse.open(`${url}/sse`);
    await client.initialize();
    expect(await client.call(1, 'list_directory', { path: folder })).toContain('hello.txt');
    client.close();
    hearth.kill('SIGTERM');
    expect(await hearth.ended()).toBe(0);
    await rm(folder, { recursive: true });
  }, 120_000);

  it(verifies(['W1.serve'], "works with the inspector's command line, over both transports"), async () => {
    await using hearth = new Cli(['wrap', '--port', '0', '--', 'mcp-server-everything']);
    const url = await hearth.listening();
    await untilReady(url);
    for (const path of ['mcp', 'sse']) {
      const ask = async (...args: string[]): Promise<Json> =>
        JSON.parse((await run('npm', ['exec', ...INSPECTOR, `${url}/${path}`, ...args])).stdout) as Json;
      expect((await ask('--method', 'tools/list')).tools).toHaveLength(17);
      expect((await ask('--method', 'prompts/list')).prompts).toHaveLength(4);
      expect(await ask('--method', 'tools/call', '--tool-name', 'get-sum', '--tool-arg', 'a=2', 'b=3')).toMatchObject({
        content: [{ text: 'The sum of 2 and 3 is 5.' }],
      });
    }
  }, 240_000);
});

describe('sessions', () => {
  it(verifies(['RULE8'], '200 of them, killed with their client, leave nothing behind'), async () => {
    await using hearth = new Cli(['wrap', '--port', '0', '--', process.execPath, FIXTURE]);
    const url = await hearth.listening();
    await untilReady(url);
    const before = await metric(url, 'process_open_fds');
    const client = spawn(process.execPath, [RUDE, url, '200'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(client.stdout, 'data');
    expect(await metric(url, 'chat_sessions_active')).toBe(200);
    client.kill('SIGKILL');
    await until(async () => (await metric(url, 'chat_sessions_active')) === 0);
    await until(async () => (await metric(url, 'process_open_fds')) <= before + 2);
    expect(await metric(url, 'mcp_child_processes')).toBe(1);
    expect(await metric(url, 'mcp_sessions_opened_total')).toBe(await metric(url, 'mcp_sessions_closed_total'));
  }, 60_000);

  it(verifies(['W2.silent-call', 'W2.heartbeats'], 'a call that is silent for 70 seconds completes on both transports'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await sse.initialize();
    const http = new RawHttp(`${hearth.url}/mcp`);
    await http.open();
    const params = { name: 'sleep', arguments: { ms: 70_000 } };
    const viaSse = sse.request(1, 'tools/call', params, 90_000);
    const response = await http.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    const copy = response.clone();
    expect(textOf((await messagesOf(response)).at(-1))).toBe('slept');
    expect((await copy.text()).match(/: heartbeat/g)?.length).toBeGreaterThanOrEqual(4);
    expect(textOf(await viaSse)).toBe('slept');
    expect(sse.comments.length).toBeGreaterThanOrEqual(4);
    sse.close();
  }, 120_000);
});
