import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { until } from '../support/app.js';
import { Cli, runCli } from '../support/cli.js';
import { TempFolder } from '../support/temp.js';

const PORT = ['--port', '0'];

describe('hearth wrap --service', () => {
  it(verifies(['S.known'], 'serves a service that hearth knows, by its name alone'), async () => {
    using folder = new TempFolder();
    folder.write('hello.txt', 'hello');
    await using cli = new Cli(['wrap', '--service', 'filesystem', ...PORT], { env: { FILESYSTEM_ROOT: folder.path } });
    const url = await cli.listening();
    await until(async () => (await fetch(`${url}/health/ready`)).ok, 20_000);
    const { stdout } = await runCli(['call', url, 'list_directory', JSON.stringify({ path: folder.path })]);
    expect(stdout).toContain('hello.txt');
    expect(await (await fetch(`${url}/status`)).json()).toMatchObject({ servers: [{ name: 'filesystem', check: { ok: true } }] });
  });

  it('has one process of the memory for clients of both eras, since its embedded database is for one', async () => {
    using folder = new TempFolder();
    await using cli = new Cli(['wrap', '--service', 'memory', ...PORT], { env: { MEMORY_DIR: folder.path, DATABASE_URL: '' } });
    const url = await cli.listening();
    await until(async () => (await fetch(`${url}/health/ready`)).ok, 60_000);
    expect(await runCli(['call', url, 'read_graph'])).toMatchObject({ code: 0 }); // the official client asks for 2026-07-28 first
    const { servers } = (await (await fetch(`${url}/status`)).json()) as { servers: Array<{ children: unknown[] }> };
    expect(servers[0]?.children).toHaveLength(1);
  }, 90_000);

  it(verifies(['S.deep'], 'stays up without credentials that it needs, and says which; also from the environment'), async () => {
    await using cli = new Cli(['wrap', ...PORT], { env: { HEARTH_SERVICE: 'timescaledb' } });
    const url = await cli.listening();
    const response = await fetch(`${url}/health/ready`);
    expect(response.status).toBe(503);
    const { reasons } = (await response.json()) as { reasons: string[] };
    expect(reasons.join()).toContain('it needs DATABASE_URL (or DATABASE_URL_FILE), which is not set');
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    await until(() => cli.record('needs_config') !== undefined);
  });

  it('with --env sets variables, for the service to use and for its child', async () => {
    using folder = new TempFolder();
    const args = ['wrap', '--service', 'filesystem', '--env', `FILESYSTEM_ROOT=${folder.path}`, '--env', 'OTHER=1', ...PORT];
    await using cli = new Cli(args);
    const url = await cli.listening();
    await until(async () => (await fetch(`${url}/health/ready`)).ok, 20_000);
  });

  it('refuses names that it does not know, and a command line beside it', async () => {
    const unknown = await runCli(['wrap', '--service', 'memmory']);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no service "memmory", did you mean "memory"?') });
    const both = await runCli(['wrap', '--service', 'memory', '--', 'x']);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('not both') });
    expect((await runCli(['wrap', '--help'])).stdout).toContain('timescaledb');
  });
});

describe('hearth doctor', () => {
  it(verifies(['C.doctor'], 'makes the checks, and says what the services that are left out need'), async () => {
    using folder = new TempFolder();
    const bin = join(folder.path, 'bin');
    mkdirSync(bin);
    chmodSync(folder.write('bin/postgres-mcp', '#!/bin/sh\nexit 3\n'), 0o755);
    const env = { PATH: `${bin}:${process.env.PATH}`, N8N_API_URL: '', DATABASE_URL: '' };
    const { stdout, code } = await runCli(['doctor'], { cwd: folder.path, env });
    expect(stdout).toMatch(/ok {6}memory: \d+ tools, \S+, memory_health works/);
    expect(stdout).toMatch(/ok {6}filesystem: 14 tools, \S+, list_directory works/);
    expect(stdout).toMatch(/left out postgres: it needs DATABASE_URI/);
    expect(stdout).toMatch(/left out n8n: .*it needs N8N_API_URL .*N8N_API_KEY/);
    expect(code).toBe(0);
  }, 60_000);

  it('names the stage at which a server fails', async () => {
    using folder = new TempFolder();
    const config = folder.write('c.yaml', 'servers: {db: {service: timescaledb, env: {DATABASE_URL: "postgres://u:p@127.0.0.1:1/x"}}}\n');
    const { stdout, code } = await runCli(['doctor', '-c', config]);
    expect(stdout).toContain('failed  db: it needs database at 127.0.0.1:1: connection refused (dependency)');
    expect(code).toBe(1);
  });
});
