import { afterEach, describe, expect, it } from 'vitest';
import { call, compose, docker, idOf, lookAgain, problemOf, SKIPPED, text, untilReady, urlOf } from './compose.js';

const psql = (sql: string): Promise<string> => compose('exec', '-T', 'database', 'psql', '-qU', 'postgres', '-c', sql);
const setKey = async (backend: string, key: string): Promise<unknown> => fetch(`${await urlOf(backend)}/key`, { method: 'PUT', body: key });
const DATABASE_USERS = ['mcp-memory', 'mcp-postgres', 'mcp-timescaledb'];

describe.skipIf(SKIPPED)(`the nine in containers: what goes wrong is told, and over by itself ${SKIPPED ?? ''}`, () => {
  afterEach(() => untilReady('mcp-filesystem', ...DATABASE_USERS));

  it.each([
    ['github', 'Bad credentials'],
    ['n8n', 'AUTHENTICATION_ERROR'],
  ])('%s: wrong credentials', async (name, words) => {
    const service = `mcp-${name}`;
    await setKey(name, 'another');
    await lookAgain(service);
    expect(await problemOf(service, 'credentials')).toContain(words);
    await setKey(name, '');
    await untilReady(service);
  });

  it('github: no credentials at all; the container stays up and says which', async () => {
    const id = await docker('run', '-d', '--rm', '-p', '127.0.0.1::8080', 'hearth/github:test');
    try {
      const url = `http://${await docker('port', id, '8080')}`;
      await expect
        .poll(() => fetch(`${url}/health/ready`).then((response) => response.text(), String), { timeout: 30_000 })
        .toContain('it needs GITHUB_PERSONAL_ACCESS_TOKEN (or GITHUB_PERSONAL_ACCESS_TOKEN_FILE), which is not set');
      expect(await (await fetch(`${url}/status`)).text()).toContain('needs-config');
    } finally {
      await docker('stop', id);
    }
  });

  it('postgres: a wrong password', async () => {
    await psql(`alter role reader password 'another'; select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'`);
    await lookAgain('mcp-postgres');
    expect(await problemOf('mcp-postgres', 'credentials')).toContain('password authentication failed');
    expect(await text('mcp-filesystem', 'list_directory', { path: '/data' })).toBeDefined();
    await compose('restart', 'database'); // which gives every role its password again
    await untilReady('mcp-postgres');
  });

  it('the database is away: who needs it says so, all others work', async () => {
    await compose('stop', 'database');
    for (const service of DATABASE_USERS) expect(await problemOf(service, 'dependency')).toContain('it needs database at database:5432');
    const { isError } = await call('mcp-memory', 'read_graph');
    expect(isError).toBe(true);
    await untilReady('mcp-filesystem');
    await compose('start', 'database');
    await untilReady(...DATABASE_USERS);
    expect((await call('mcp-memory', 'read_graph')).isError).not.toBe(true);
    expect(await text('mcp-postgres', 'execute_sql', { sql: 'select 1 as ok' })).toContain("'ok': 1");
  });

  it.each([
    ['mcp-n8n', 'n8n', 'it needs n8n at n8n:8080'],
    ['mcp-monitoring', 'prometheus', 'it needs prometheus at prometheus:9090'],
  ])('%s: its backend is away', async (service, backend, words) => {
    await compose('stop', backend);
    expect(await problemOf(service, 'dependency')).toContain(words);
    await compose('start', backend);
    await untilReady(service);
  });

  it('the hub goes on without a service, and finds it again', async () => {
    await compose('stop', 'mcp-fetch');
    const lists = async (): Promise<string> => (await fetch(`${await urlOf('hearth')}/health`)).text();
    // Its stream ends, and cannot be opened again.
    await expect.poll(lists, { timeout: 30_000, interval: 1_000 }).toContain('Server \\"fetch\\" is not available');
    expect(await text('hearth', 'filesystem__list_directory', { path: '/data' })).toBeDefined();
    await compose('start', 'mcp-fetch');
    await expect.poll(lists, { timeout: 120_000, interval: 1_000 }).not.toContain('Server \\"fetch\\" is not available');
  });

  it('no container was restarted by any of this', async () => {
    const ids = (await compose('ps', '-q')).split('\n');
    for (const id of ids) expect(await docker('inspect', '-f', '{{.Name}} {{.RestartCount}}', id)).toMatch(/ 0$/);
    expect(await idOf('mcp-memory')).not.toBe('');
  });
});
