import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { until } from '../support/app.js';
import { TempFolder } from '../support/temp.js';
import { entity } from './support/backends.js';
import { Cluster, noPostgres, PASSWORD } from './support/cluster.js';
import { McpProcess, MEMORY } from './support/mcp.js';

const SLOW = 120_000;
const add = (server: McpProcess, name: string): ReturnType<McpProcess['call']> => server.call('create_entities', { entities: [entity(name)] });

describe.skipIf(noPostgres !== '')(`memory and a database that is not there${noPostgres}`, () => {
  it(
    'stopped: calls fail at once and say why; started again: they work, by themselves',
    async () => {
      await using cluster = await Cluster.start();
      await using server = await McpProcess.start(MEMORY, { DATABASE_URL: cluster.url() });
      await add(server, 'before');
      await cluster.stop();
      await until(async () => (await add(server, 'during')).isError);
      const start = performance.now();
      const { text } = await add(server, 'during');
      expect(performance.now() - start).toBeLessThan(1_000);
      expect(text).toMatch(/database at 127\.0\.0\.1:\d+\/postgres (cannot be used now|cannot be reached).*Nothing was changed/s);
      expect(text).not.toContain(PASSWORD);
      expect(await server.call('memory_health')).toMatchObject({ isError: true });
      await expect(server.client.readResource({ uri: 'memory://knowledge-graph' })).rejects.toThrow(/cannot be/);
      await cluster.start();
      await until(async () => !(await add(server, 'after')).isError, 20_000);
      const { text: graph } = await server.call('read_graph');
      expect(graph).toContain('before');
      expect(graph).toContain('after');
      expect(server.stderr).toContain('opened again');
      expect(server.stderr).not.toContain(PASSWORD);
    },
    SLOW,
  );

  it(
    'one connection cut, or a wrong password: only that is said',
    async () => {
      await using cluster = await Cluster.start();
      await using server = await McpProcess.start(MEMORY, { DATABASE_URL: cluster.url() });
      await add(server, 'before');
      await cluster.run(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'hearth-memory'`);
      await until(async () => !(await add(server, 'after')).isError);
      await using locked = await McpProcess.start(MEMORY, { DATABASE_URL: cluster.url('postgres', 'wrong-secret') });
      const { text, isError } = await add(locked, 'never');
      expect(isError).toBe(true);
      expect(text).toContain('password authentication failed');
      expect(text + locked.stderr).not.toContain('wrong-secret');
    },
    SLOW,
  );

  it(
    'started before it, and several at once on an empty one: the schema is made once',
    async () => {
      await using cluster = await Cluster.start();
      using folder = new TempFolder();
      const file = folder.write('url', `${cluster.url()}\n`);
      await cluster.stop();
      const servers = await Promise.all([1, 2, 3].map(() => McpProcess.start(MEMORY, { DATABASE_URL_FILE: file })));
      expect((await servers[0]?.client.listTools())?.tools.length).toBe(12);
      await cluster.start();
      for (const [index, server] of servers.entries()) await until(async () => !(await add(server, `by ${index}`)).isError, 20_000);
      expect(await cluster.run('select version from hearth_memory.migrations')).toEqual([{ version: 1 }]);
      expect(servers.filter(({ stderr }) => stderr.includes('schema brought'))).toHaveLength(1);
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
    SLOW,
  );
});

describe('a data folder', () => {
  it(
    'serves one program at a time; the next takes over, also from a killed one, and the path may be long',
    async () => {
      using parent = new TempFolder();
      const folder = parent.file('long '.repeat(30));
      const env = { MEMORY_DIR: folder };
      await using first = await McpProcess.start(MEMORY, env);
      await add(first, 'kept');
      await using second = await McpProcess.start(MEMORY, env);
      expect(await add(second, 'refused')).toMatchObject({ isError: true, text: expect.stringMatching(/in use by another process.*DATABASE_URL/s) });
      first.kill();
      await until(async () => !(await add(second, 'taken over')).isError, 30_000);
      expect((await second.call('read_graph')).text).toContain('kept');
    },
    SLOW,
  );

  it('that cannot be made is an error of the call, and of the log', async () => {
    using folder = new TempFolder();
    writeFileSync(folder.file('file'), '');
    await using server = await McpProcess.start(MEMORY, { MEMORY_DIR: folder.file('file/inside') });
    expect(await add(server, 'x')).toMatchObject({ isError: true, text: expect.stringContaining('ENOTDIR') });
  });
});

describe('wrong settings', () => {
  it.each([
    [{ DATABASE_URL: 'mysql://u:hidden@h/d' }, 'not a PostgreSQL URL'],
    [{ DATABASE_URL_FILE: '/nowhere/at/all' }, 'DATABASE_URL_FILE names /nowhere/at/all'],
    [{ MEMORY_POOL_MAX: 'many' }, 'MEMORY_POOL_MAX'],
  ])('%j end the program with 2', async (env, message) => {
    const child = spawn(process.execPath, [MEMORY], { env: { PATH: process.env.PATH, ...env }, stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('hidden');
  });
});
