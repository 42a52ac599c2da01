import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { inspectLitellm } from '../../src/litellm/inspect.js';
import { verifies } from '../acceptance/requirements.js';
import { FIXTURE, fixture, startApp, untilReady } from '../support/app.js';
import { runCli } from '../support/cli.js';
import type { Json } from '../support/raw-client.js';
import { TempFolder } from '../support/temp.js';

const server = { command: process.execPath, args: [FIXTURE] };
const folderWith = (config: object): TempFolder => {
  const folder = new TempFolder();
  folder.write('hearth.yaml', JSON.stringify(config));
  return folder;
};

describe('hearth litellm', () => {
  it(verifies(['L.config'], 'prints servers at the top level, with names that LiteLLM takes'), async () => {
    using folder = folderWith({ listen: { port: 9999 }, servers: { 'my-files': server, b: server }, limits: { requestTimeout: '90s' } });
    const { stdout, code } = await runCli(['litellm'], { cwd: folder.path });
    const config = parse(stdout) as Json;
    expect(code).toBe(0);
    expect(config.mcp_servers).toEqual({
      my_files: { url: 'http://127.0.0.1:9999/servers/my-files/sse', transport: 'sse', timeout: 95 },
      b: { url: 'http://127.0.0.1:9999/servers/b/sse', transport: 'sse', timeout: 95 },
    });
    expect(inspectLitellm(stdout).findings).toEqual([]);
  });

  it('knows the nine containers, other transports, eras and keys', async () => {
    const http = parse((await runCli(['litellm', '--containers', '--transport', 'http', '--era', '2026-07-28', '--key-env', 'K'])).stdout) as Json;
    const servers = http.mcp_servers as Record<string, Json>;
    expect(Object.keys(servers)).toHaveLength(9);
    expect(servers.filesystem).toEqual({
      url: 'http://mcp-filesystem:8080/mcp',
      transport: 'http',
      protocol_version: '2026-07-28',
      timeout: 605,
      auth_type: 'bearer_token',
      auth_value: 'os.environ/K',
    });
    expect((await runCli(['litellm', '--containers', '--base-url', 'https://<name>.example/'])).stdout).toContain('url: https://github.example/sse');
    expect((await runCli(['litellm', '--era', '2026-07-28'])).code).toBe(2);
  });

  it('asks for a key where hearth does, and leaves a wrapper at its root', async () => {
    using folder = folderWith({ servers: { one: server }, auth: { apiKeyFile: 'keys' } });
    folder.write('keys', 'a-key-that-is-long-enough\n');
    const config = parse((await runCli(['litellm', '--base-url', 'http://h:1'], { cwd: folder.path })).stdout) as { mcp_servers: Json };
    expect(config.mcp_servers.one).toMatchObject({ url: 'http://h:1/sse', auth_value: 'os.environ/HEARTH_API_KEY' });
  });
});

describe('hearth doctor', () => {
  it(verifies(['L.config'], 'finds what makes the servers of a LiteLLM config disappear'), async () => {
    await using hearth = await startApp({ servers: { a: fixture() } });
    await untilReady(hearth.url);
    using folder = new TempFolder();
    const text = [
      'litellm_settings:',
      '  mcp_servers: {lost: {url: "http://localhost:1/sse"}}',
      'mcp_servers:',
      `  good: {url: "${hearth.url}/sse", transport: sse}`,
      `  also_good: {url: "${hearth.url}/mcp"}`,
      '  my-files: {url: "http://localhost:1/sse", transport: sse}',
      `  wrong: {url: "${hearth.url}/sse"}`,
      `  wrong2: {url: "${hearth.url}/mcp", transport: sse}`,
      '  odd: {url: nowhere, transport: carrier-pigeon}',
      `  pinned: {url: "${hearth.url}/sse", transport: sse, protocol_version: 2026-07-28}`,
      '  local: {transport: stdio, command: x}',
      '  empty:',
    ].join('\n');
    const { stdout, code } = await runCli(['doctor', '--litellm', folder.write('l.yaml', text)]);
    expect(code).toBe(1);
    for (const expected of [
      /l\.yaml:2: error: litellm_settings\.mcp_servers is ignored/,
      /:4: ok: "good"/,
      /:5: ok: "also_good"/,
      /:6: error: "my-files": a dash.*write "my_files"/,
      /:6: error: "my-files" at .* cannot be reached/,
      /:7: error: "wrong": the URL ends with \/sse.*the default.*write "transport: sse"/,
      /:8: error: "wrong2": the URL ends with \/mcp/,
      /:9: error: "odd": transport "carrier-pigeon" is unknown/,
      /:9: error: "odd" needs a "url"/,
      /:10: error: "pinned": protocol_version 2026-07-28 needs transport http/,
      /:12: error: "empty" must be a mapping/,
    ]) {
      expect(stdout).toMatch(expected);
    }
    const empty = await runCli(['doctor', '--litellm', folder.write('e.yaml', 'model_list: []')]);
    expect([empty.code, empty.stdout]).toEqual([1, expect.stringContaining('there is no "mcp_servers"')]);
    expect((await runCli(['doctor', '--litellm', 'nowhere.yaml'])).code).toBe(2);
    expect((await runCli(['doctor', '--litellm', folder.write('b.yaml', 'a: [')])).stdout).toMatch(/b\.yaml:1: error/);
  });

  it('starts each server once and says what is wrong with those that fail', async () => {
    using folder = folderWith({ servers: { good: server, bad: { ...server, env: { FIXTURE: 'exit-at-start' }, startTimeout: '5s' } } });
    const { stdout, code } = await runCli(['doctor'], { cwd: folder.path });
    expect([code, stdout]).toEqual([1, expect.stringMatching(/ok\s+good: \d+ tools, 2025-11-25/)]);
    expect(stdout).toMatch(/failed\s+bad: .*exited with code 3/);
  });
});
