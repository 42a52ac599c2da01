import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/app.js';
import { BACKENDS, type Backend, embeddedMemory, entity } from './support/backends.js';
import { McpProcess, MEMORY } from './support/mcp.js';

const SLOW = 60_000;

function names(data: Record<string, unknown> | undefined): string[] {
  return ((data?.entities ?? []) as Array<{ name: string }>).map(({ name }) => name);
}

describe.each(BACKENDS.filter(({ skipped }) => !skipped))('what memory has beyond the reference, on $name', ({ open }) => {
  let backend: Backend;
  let server: McpProcess;

  beforeAll(async () => {
    backend = await open();
    server = await McpProcess.start(MEMORY, backend.env);
    const entities = [
      entity('Alice Smith', 'lives in Paris', 'works on compilers'),
      entity('Bob Jones', 'lives in Rome', 'knows Paris by heart'),
      entity('Paris', 'a city'),
      entity('Carol', 'plays the cello'),
    ];
    await server.call('create_entities', { entities, namespace: 'search' });
  }, 90_000);

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await backend?.[Symbol.asyncDispose]();
  });

  const find = async (query: string, more: object = {}): Promise<string[]> =>
    names((await server.call('search_nodes', { query, mode: 'ranked', namespace: 'search', ...more })).data);

  it('ranks: any word, the name first, and near spellings', async () => {
    expect(await find('paris')).toEqual(['Paris', 'Alice Smith', 'Bob Jones']);
    expect((await find('who works on compilers in Paris'))[0]).toBe('Alice Smith');
    expect(await find('alise smitt')).toEqual(['Alice Smith']);
    expect(await find('xyzzy')).toEqual([]);
    expect(await find("'; drop table entities; -- & | ! <->")).toEqual([]);
    expect(await find('paris', { limit: 1 })).toEqual(['Paris']);
  });

  it('pages through a large graph: everything once, entities first', async () => {
    const namespace = 'pages';
    const entities = Array.from({ length: 25 }, (_, index) => entity(`e${index}`));
    const relations = entities.map(({ name }) => ({ from: name, to: 'nowhere', relationType: 'leads' }));
    await server.call('create_entities', { entities, namespace });
    await server.call('create_relations', { relations, namespace });
    const seen: unknown[] = [];
    let cursor: unknown;
    do {
      const { data } = await server.call('read_graph', { limit: 10, namespace, ...(cursor !== undefined && { cursor }) });
      const page = [...((data?.entities ?? []) as unknown[]), ...((data?.relations ?? []) as unknown[])];
      expect(page.length).toBeLessThanOrEqual(10);
      seen.push(...page);
      cursor = data?.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual([...entities, ...relations]);
    const exact = await server.call('read_graph', { limit: 25, namespace });
    expect(exact.data).toMatchObject({ relations: [], nextCursor: 'r0' });
    expect(await server.call('read_graph', { limit: 10, cursor: 'x', namespace })).toMatchObject({ isError: true });
    expect(await server.call('read_graph', { cursor: 'e1', namespace })).toMatchObject({ isError: true });
  });

  it('keeps namespaces apart', async () => {
    await server.call('create_entities', { entities: [entity('mine')], namespace: 'a' });
    await server.call('create_entities', { entities: [entity('mine', 'other')], namespace: 'b' });
    await server.call('delete_entities', { entityNames: ['mine'], namespace: 'a' });
    expect(names((await server.call('read_graph', { namespace: 'a' })).data)).toEqual([]);
    expect(names((await server.call('search_nodes', { query: 'other', namespace: 'b' })).data)).toEqual(['mine']);
    expect(names((await server.call('search_nodes', { query: 'other', namespace: 'a' })).data)).toEqual([]);
    expect(names((await server.call('read_graph')).data)).toEqual([]);
  });

  it('says when, if asked', async () => {
    const namespace = 'times';
    await server.call('create_entities', { entities: [entity('old')], namespace });
    await server.call('create_relations', { relations: [{ from: 'old', to: 'older', relationType: 'is' }], namespace });
    await server.call('add_observations', { observations: [{ entityName: 'old', contents: ['newer'] }], namespace });
    const { data } = await server.call('open_nodes', { names: ['old'], timestamps: true, namespace });
    const [found] = (data?.entities ?? []) as Array<{ createdAt: string; updatedAt: string }>;
    expect(Date.parse(found?.createdAt ?? '')).toBeGreaterThan(Date.now() - SLOW);
    expect(Date.parse(found?.updatedAt ?? '')).toBeGreaterThan(Date.parse(found?.createdAt ?? ''));
    expect(data?.relations).toMatchObject([{ createdAt: expect.stringMatching(/^\d{4}-.*Z$/) }]);
  });

  it('exports and imports the file of the reference; imports merge, whole or not at all', async () => {
    const file = [
      '{"type":"entity","name":"Ada","entityType":"person","observations":["one","two"]}',
      '{"type":"relation","from":"Ada","to":"Byron","relationType":"is daughter of"}',
    ].join('\n');
    const load = (jsonl: string): ReturnType<McpProcess['call']> => server.call('import_jsonl', { jsonl, namespace: 'file' });
    expect((await load(`${file}\n\n`)).data).toEqual({ entitiesCreated: 1, observationsAdded: 0, relationsCreated: 1 });
    expect((await server.call('export_jsonl', { namespace: 'file' })).text).toBe(file);
    expect((await load(file.replace('"two"', '"two","three"'))).data).toEqual({ entitiesCreated: 0, observationsAdded: 1, relationsCreated: 0 });
    const wrong = await load(`{"type":"entity","name":"X","entityType":"t","observations":[]}\n{"type":"entity"}`);
    expect(wrong.isError).toBe(true);
    expect(wrong.text).toMatch(/Line 2 .*Nothing was imported/);
    expect(names((await server.call('read_graph', { namespace: 'file' })).data)).toEqual(['Ada']);
  });

  it('reports its health by a real write, and leaves nothing behind', async () => {
    const { data, isError } = await server.call('memory_health', { namespace: 'health' });
    expect(isError).toBe(false);
    expect(data).toMatchObject({ status: 'ok', schemaVersion: 1, trigrams: true, namespace: 'health', entities: 0, relations: 0 });
    expect((await server.call('export_jsonl', { namespace: `hearth-probe-${'-'.repeat(187)}` })).text).toBe('');
  });

  it('explains what cannot be stored', async () => {
    const nul = await server.call('create_entities', { entities: [entity('a\u0000b')] });
    expect(nul).toMatchObject({ isError: true, text: expect.stringContaining('NUL') });
    const noise = Array.from({ length: 4_000 }, (_, index) => ((index * 7_919) % 26_000).toString(36)).join('');
    const long = await server.call('create_entities', { entities: [entity(noise)] });
    expect(long).toMatchObject({ isError: true, text: expect.stringContaining('too long') });
    const big = 'word '.repeat(400_000);
    expect((await server.call('create_entities', { entities: [entity('big', big)], namespace: 'big' })).isError).toBe(false);
    expect((await server.call('open_nodes', { names: ['big'], namespace: 'big' })).text).toContain(big);
  });

  it(
    'serves the newer era as well',
    async () => {
      await using other = await embeddedMemory();
      await using modern = await McpProcess.start(MEMORY, other.env, 'auto');
      expect(modern.client.getProtocolEra()).toBe('modern');
      const uri = 'memory://knowledge-graph';
      await modern.call('create_entities', { entities: [entity('unheard')], namespace: 'elsewhere' });
      const subscription = await modern.client.listen({ resourceSubscriptions: [uri] });
      await modern.call('create_entities', { entities: [entity('modern')] });
      await until(() => modern.updated.length > 0);
      expect(modern.updated).toEqual([uri]);
      await subscription.close();
      expect(names((await modern.call('read_graph')).data)).toEqual(['modern']);
    },
    SLOW,
  );
});

describe('a fixed namespace', () => {
  it(
    'is the only one that is served',
    async () => {
      await using backend = await embeddedMemory();
      await using server = await McpProcess.start(MEMORY, { ...backend.env, MEMORY_NAMESPACE: 'alice', MEMORY_NAMESPACE_FIXED: 'true' });
      await server.call('create_entities', { entities: [entity('x')] });
      expect(names((await server.call('read_graph', { namespace: 'alice' })).data)).toEqual(['x']);
      expect(await server.call('read_graph', { namespace: 'bob' })).toMatchObject({ isError: true, text: expect.stringContaining("'alice' only") });
    },
    SLOW,
  );
});
