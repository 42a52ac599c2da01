import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifies } from '../../acceptance/requirements.js';
import type { Peer } from '../../acceptance/support/peers.js';
import { type Answer, call, compose, connect, docker, idOf, NINE, SKIPPED, text, textOf, untilReady, urlOf } from './compose.js';

describe.skipIf(SKIPPED)(`the nine in containers: real calls over SSE ${SKIPPED ?? ''}`, () => {
  it(verifies(['S.services'], 'each lists its tools, and its label says how many'), async () => {
    for (const name of NINE) {
      await using peer = await connect(`mcp-${name}`);
      const { tools } = (await peer.listTools()) as { tools: unknown[] };
      const labels = JSON.parse(await docker('inspect', '-f', '{{json .Config.Labels}}', await idOf(`mcp-${name}`))) as Record<string, string>;
      expect({ name, tools: labels['com.mcp.tools'] }).toEqual({ name, tools: String(tools.length) });
      expect(labels['com.mcp.service']).toBe(name);
      expect(labels['com.mcp.type']).toMatch(/^[a-z]+$/);
    }
  });

  it(verifies(['S.memory'], 'all of them, the hub and the database hold less than 2 GB'), async () => {
    const ids = (await compose('ps', '-q', ...NINE.map((name) => `mcp-${name}`), 'hearth', 'database')).split('\n');
    const held = (await docker('stats', '--no-stream', '--format', '{{.MemUsage}}', ...ids)).split('\n').map(bytesOf);
    expect(held).toHaveLength(11);
    expect(held.reduce((sum, each) => sum + each, 0)).toBeLessThan(2e9);
  });

  it('the hub lists all of them under their names, and calls one', async () => {
    await using peer = await connect('hearth');
    const { tools } = (await peer.listTools()) as { tools: Array<{ name: string }> };
    expect([...new Set(tools.map(({ name }) => name.split('__')[0]))].sort()).toEqual([...NINE].sort());
    expect(textOf((await peer.callTool('postgres__execute_sql', { sql: 'select 6 * 7 as answer' })) as Answer)).toContain('42');
  });

  it('filesystem: a file is written and read', async () => {
    await call('mcp-filesystem', 'write_file', { path: '/data/note.txt', content: 'kept warm' });
    expect(await text('mcp-filesystem', 'read_text_file', { path: '/data/note.txt' })).toContain('kept warm');
    expect((await call('mcp-filesystem', 'read_text_file', { path: '/etc/hostname' })).isError).toBe(true);
  });

  it('memory: an entity is found after its container was made anew', async () => {
    await call('mcp-memory', 'create_entities', { entities: [{ name: 'Ember', entityType: 'cat', observations: ['sleeps by the fire'] }] });
    await compose('up', '-d', '--wait', '--force-recreate', '--no-deps', 'mcp-memory');
    await untilReady('mcp-memory');
    expect(await text('mcp-memory', 'search_nodes', { query: 'ember' })).toContain('sleeps by the fire');
  });

  it('fetch: a page, and private addresses only where they were opened', async () => {
    const url = 'http://website:8080/';
    expect(await text('mcp-fetch-lan', 'fetch', { url })).toContain('Twelve logs are left');
    expect(await text('mcp-fetch', 'fetch', { url })).toMatch(/private/);
  });

  it('postgres and timescaledb: SQL runs, and nothing is written', async () => {
    const psql = (sql: string): Promise<string> => compose('exec', '-T', 'database', 'psql', '-qU', 'postgres', '-d', 'data', '-c', sql);
    await psql('create table if not exists readings (at timestamptz, celsius real); insert into readings values (now(), 21.5)');
    expect(await text('mcp-postgres', 'execute_sql', { sql: 'select celsius from readings limit 1' })).toContain('21.5');
    expect(await text('mcp-postgres', 'execute_sql', { sql: 'insert into readings values (now(), 1)' })).toMatch(/error/i);
    expect(await text('mcp-timescaledb', 'run_select', { sql: 'select max(celsius) as top from readings' })).toContain('21.5');
    expect(await text('mcp-timescaledb', 'timescale_health')).toContain('TimescaleDB is not installed in this database');
    const asReader = 'psql "$(sed s,/data,/memory, /logins/reader/url)" -c "select 1" 2>&1 || true';
    expect(await compose('exec', '-T', 'database', 'sh', '-c', asReader)).toContain('permission denied for database "memory"');
  });

  it('github, with its program replaced: who am I', async () => {
    expect(await text('mcp-github', 'get_me')).toBe('{"login":"keeper"}');
  });

  it('n8n: a workflow is made and listed', async () => {
    const node = { id: '1', name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, position: [0, 0], parameters: {} };
    const next = { ...node, id: '2', name: 'Set', type: 'n8n-nodes-base.set', typeVersion: 3.4, position: [200, 0] };
    const connections = { Start: { main: [[{ node: 'Set', type: 'main', index: 0 }]] } };
    const made = await text('mcp-n8n', 'n8n_create_workflow', { name: 'Fetch wood', nodes: [node, next], connections });
    expect(made).toContain('"success": true');
    expect(await text('mcp-n8n', 'n8n_list_workflows', {})).toContain('Fetch wood');
  });

  it('monitoring: metrics of the others, from Prometheus', async () => {
    const query = { query: 'sum(up{job="mcp"})' };
    await expect.poll(() => text('mcp-monitoring', 'prometheus_query', query), { timeout: 30_000 }).toContain('2');
  });

  describe('playwright', () => {
    let peer: Peer;
    beforeAll(async () => {
      peer = await connect('mcp-playwright');
    });
    afterAll(() => peer?.[Symbol.asyncDispose]());

    it('a page is opened and clicked, and a screenshot taken', async () => {
      const ask = async (tool: string, args = {}): Promise<Answer> => (await peer.callTool(tool, args)) as Answer;
      expect(textOf(await ask('browser_navigate', { url: 'http://website:8080/' }))).toContain('Page URL: http://website:8080/');
      const [, ref] = /button "Light it" .*\[ref=(\w+)\]/.exec(textOf(await ask('browser_snapshot'))) ?? [];
      await ask('browser_click', { element: 'the button', target: ref, ref });
      expect(textOf(await ask('browser_snapshot'))).toContain('Lit');
      const { content } = await ask('browser_take_screenshot', { type: 'png' });
      const image = Buffer.from(String(content.find(({ type }) => type === 'image')?.data), 'base64');
      expect(image.subarray(1, 4).toString()).toBe('PNG');
      expect(image.length).toBeGreaterThan(1_000);
    });
  });

  it('every port is published on the loopback address only', async () => {
    for (const name of NINE) expect(await urlOf(`mcp-${name}`)).toMatch(/^http:\/\/127\.0\.0\.1:/);
  });
});

/** As `docker stats` writes it: `12.5MiB / 256MiB`. */
function bytesOf(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)([A-Za-z]+)/.exec(text) ?? [];
  return Number(number) * 1024 ** ['B', 'KiB', 'MiB', 'GiB'].indexOf(unit);
}
