import { describe, expect, it } from 'vitest';
import { TempFolder } from '../support/temp.js';
import { embeddedMemory } from './support/backends.js';
import { Cluster, noPostgres } from './support/cluster.js';
import { McpProcess, MEMORY, REFERENCE } from './support/mcp.js';
import { play } from './support/script.js';

async function reference<T>(work: (server: McpProcess) => Promise<T>): Promise<T> {
  using folder = new TempFolder();
  await using server = await McpProcess.start(REFERENCE, { MEMORY_FILE_PATH: folder.file('memory.jsonl') });
  return await work(server);
}

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  required?: string[];
  [key: string]: unknown;
}

/** Takes out of `ours` what is optional and unknown to the reference: that is what may be added. */
function asKnownTo(reference: Schema, ours: Schema): Schema {
  const { $schema: _, ...rest } = ours;
  if (rest.items !== undefined && reference.items !== undefined) return { ...rest, items: asKnownTo(reference.items, rest.items) };
  if (rest.properties === undefined) return rest;
  const known = Object.entries(rest.properties).filter(
    ([name]) => reference.properties?.[name] !== undefined || (rest.required ?? []).includes(name),
  );
  const properties = Object.fromEntries(known.map(([name, schema]) => [name, asKnownTo(reference.properties?.[name] ?? {}, schema)]));
  return { ...rest, properties };
}

function withoutDialect({ $schema: _, ...schema }: Schema): Schema {
  return schema;
}

describe('the reference memory server and ours', { timeout: 90_000 }, () => {
  it('answer the same script alike, on PGlite', async () => {
    await using backend = await embeddedMemory();
    await using ours = await McpProcess.start(MEMORY, backend.env);
    expect(await play(ours)).toEqual(await reference(play));
  });

  it.skipIf(noPostgres !== '')(`answer the same script alike, on PostgreSQL${noPostgres}`, async () => {
    await using cluster = await Cluster.start();
    await using ours = await McpProcess.start(MEMORY, { DATABASE_URL: cluster.url() });
    expect(await play(ours)).toEqual(await reference(play));
  });

  it('have the same nine tools: titles, descriptions, hints and schemas; ours only adds what is optional', async () => {
    await using backend = await embeddedMemory();
    await using ours = await McpProcess.start(MEMORY, backend.env);
    const list = new Map((await ours.client.listTools()).tools.map((tool) => [tool.name, tool]));
    const { tools } = await reference((server) => server.client.listTools());
    expect(tools).toHaveLength(9);
    for (const { execution: _, ...tool } of tools) {
      const mine = list.get(tool.name);
      const theirs = { input: withoutDialect(tool.inputSchema as Schema), output: withoutDialect(tool.outputSchema as Schema) };
      const schemas = { input: asKnownTo(theirs.input, mine?.inputSchema as Schema), output: asKnownTo(theirs.output, mine?.outputSchema as Schema) };
      expect({ ...mine, inputSchema: schemas.input, outputSchema: schemas.output }).toEqual({
        ...tool,
        inputSchema: theirs.input,
        outputSchema: theirs.output,
      });
    }
  });

  it('tell a subscriber, and only a subscriber, that the graph has changed', async () => {
    await using backend = await embeddedMemory();
    await using ours = await McpProcess.start(MEMORY, backend.env);
    const changes = async (server: McpProcess): Promise<string[]> => {
      const uri = 'memory://knowledge-graph';
      const create = (name: string): Promise<unknown> => server.call('create_entities', { entities: [{ name, entityType: 't', observations: [] }] });
      await create('a');
      await server.client.subscribeResource({ uri });
      await create('b');
      await server.client.unsubscribeResource({ uri });
      await create('c');
      return server.updated;
    };
    expect(await changes(ours)).toEqual(await reference(changes));
    expect(ours.updated).toEqual(['memory://knowledge-graph']);
  });
});
