import { describe, expect, it } from 'vitest';
import { startApp, until, untilReady } from '../support/app.js';
import { RawHttp } from '../support/raw-client.js';
import { BACKENDS, entity } from './support/backends.js';
import { Cluster, noPostgres } from './support/cluster.js';
import { McpProcess, MEMORY } from './support/mcp.js';

const WRITERS = 200;
const SLOW = 120_000;

function namesOf(data: Record<string, unknown> | undefined): Set<string> {
  return new Set(((data?.entities ?? []) as Array<{ name: string }>).map(({ name }) => name));
}

describe.each(BACKENDS)('memory on $name keeps what it acknowledged', ({ skipped, open }) => {
  it.skipIf(skipped)(
    `${WRITERS} parallel writers lose nothing`,
    async () => {
      await using backend = await open();
      await using server = await McpProcess.start(MEMORY, backend.env);
      const names = Array.from({ length: WRITERS }, (_, index) => `writer ${index}`);
      await server.call('create_entities', { entities: [entity('shared')] });
      const writes = names.flatMap((name) => [
        server.call('create_entities', { entities: [entity(name, 'first'), entity('shared')] }),
        server.call('create_relations', { relations: [{ from: name, to: 'shared', relationType: 'shares' }] }),
        server.call('add_observations', { observations: [{ entityName: 'shared', contents: [`by ${name}`] }] }),
      ]);
      expect((await Promise.all(writes)).filter(({ isError }) => isError)).toEqual([]);
      const { data } = await server.call('read_graph');
      expect(namesOf(data)).toEqual(new Set(['shared', ...names]));
      expect(data?.relations).toHaveLength(WRITERS);
      const shared = ((data?.entities ?? []) as Array<{ name: string; observations: string[] }>).find(({ name }) => name === 'shared');
      expect(shared?.observations).toHaveLength(WRITERS);
    },
    SLOW,
  );

  it.skipIf(skipped)(
    'killed in the middle of writes, three times',
    async () => {
      await using backend = await open();
      const acknowledged = new Set<string>();
      for (let round = 0; round < 3; round++) {
        await using server = await McpProcess.start(MEMORY, backend.env);
        const before = acknowledged.size;
        const writes = Array.from({ length: WRITERS }, (_, index) => `round ${round} writer ${index}`).map((name) =>
          server.call('create_entities', { entities: [entity(name, 'stays')] }).then(
            ({ isError }) => !isError && acknowledged.add(name),
            () => false,
          ),
        );
        await until(() => acknowledged.size >= before + 40, 60_000);
        server.kill();
        await Promise.all(writes);
      }
      await using server = await McpProcess.start(MEMORY, backend.env);
      const kept = namesOf((await server.call('read_graph')).data);
      expect(acknowledged.size).toBeGreaterThanOrEqual(120);
      expect([...acknowledged].filter((name) => !kept.has(name))).toEqual([]);
    },
    SLOW,
  );

  it.skipIf(skipped)(
    'through hearth: stored, its child killed, found',
    async () => {
      await using backend = await open();
      const memory = { command: process.execPath, args: [MEMORY], env: backend.env, backoffMin: 20 };
      await using hearth = await startApp({ servers: { memory } });
      await untilReady(hearth.url, 60_000);
      const client = new RawHttp(`${hearth.url}/mcp`);
      await client.open();
      const text = await client.call(1, 'create_entities', { entities: [entity('kept', 'by the database')] });
      expect(text).toContain('kept');
      const [pid] = await childrenOf(hearth.url);
      process.kill(pid ?? 0, 'SIGKILL');
      await until(async () => (await childrenOf(hearth.url)).some((child) => child !== pid), 60_000);
      await untilReady(hearth.url, 60_000);
      expect(await client.call(2, 'open_nodes', { names: ['kept'] })).toContain('by the database');
    },
    SLOW,
  );
});

describe.skipIf(noPostgres !== '')(`two programs on one database${noPostgres}`, () => {
  it(
    'write at once, in opposite orders, and lose nothing',
    async () => {
      await using cluster = await Cluster.start();
      const env = { DATABASE_URL: cluster.url() };
      await using left = await McpProcess.start(MEMORY, env);
      await using right = await McpProcess.start(MEMORY, env);
      await left.call('create_entities', { entities: [entity('shared')] });
      const rounds = Array.from({ length: 50 }, (_, index) => index);
      const results = rounds.flatMap((round) => {
        const pair = [entity(`a ${round}`), entity(`b ${round}`)];
        return [
          left.call('create_entities', { entities: pair }),
          right.call('create_entities', { entities: pair.toReversed() }),
          left.call('add_observations', { observations: [{ entityName: 'shared', contents: [`left ${round}`, `both ${round}`] }] }),
          right.call('add_observations', { observations: [{ entityName: 'shared', contents: [`both ${round}`, `right ${round}`] }] }),
        ];
      });
      expect((await Promise.all(results)).filter(({ isError }) => isError)).toEqual([]);
      const { data } = await right.call('read_graph');
      expect(namesOf(data).size).toBe(1 + 2 * rounds.length);
      const { data: shared } = await left.call('open_nodes', { names: ['shared'] });
      const observations = ((shared?.entities ?? []) as Array<{ observations: string[] }>).flatMap((found) => found.observations);
      expect(observations.sort()).toEqual(rounds.flatMap((round) => [`left ${round}`, `right ${round}`, `both ${round}`]).sort());
    },
    SLOW,
  );
});

/** The process ids of the children, from /status. */
async function childrenOf(url: string): Promise<number[]> {
  const { servers } = (await (await fetch(`${url}/status`)).json()) as { servers: Array<{ children: Array<{ pid?: number }> }> };
  return servers.flatMap(({ children }) => children.flatMap(({ pid }) => pid ?? []));
}
