import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { addTool, ENSURES, READS } from '../shared/tool.js';
import { checkHealth, healthOutput } from './health.js';
import { parseJsonl, toJsonl } from './jsonl.js';
import { readGraph } from './reads.js';
import { namespaceInput } from './schemas.js';
import { type MemoryContext, namespaceOf } from './service.js';
import { addObservations, createEntities, createRelations } from './writes.js';

/** What the reference has not: health, and its file format in and out. */
export function addExtraTools(server: McpServer, context: MemoryContext): void {
  addTool(server, 'memory_health', {
    title: 'Memory Health',
    description: 'Check that memories can be stored: writes, reads and deletes a probe in one transaction, and counts what is there',
    input: z.object({ ...namespaceInput }),
    output: healthOutput,
    hints: READS,
    run: async ({ namespace }) => ({ data: await checkHealth(context.store, namespaceOf(context, namespace)) }),
  });
  addTool(server, 'export_jsonl', {
    title: 'Export JSONL',
    description: "Export the whole knowledge graph in the file format of the reference memory server (JSONL); the text is the file's content",
    input: z.object({ ...namespaceInput }),
    output: z.object({ jsonl: z.string(), entities: z.number(), relations: z.number() }),
    hints: READS,
    run: async ({ namespace }) => {
      const name = namespaceOf(context, namespace);
      const graph = await context.store.read((database) => readGraph(database, name, { timestamps: false }));
      const jsonl = toJsonl(graph);
      return { data: { jsonl, entities: graph.entities.length, relations: graph.relations.length }, text: jsonl };
    },
  });
  addTool(server, 'import_jsonl', {
    title: 'Import JSONL',
    description:
      'Import a file of the reference memory server (JSONL), whole or not at all. It merges: what is there stays, entities that exist get the observations they lack',
    input: z.object({ jsonl: z.string().describe("The file's content, one entity or relation a line"), ...namespaceInput }),
    output: z.object({ entitiesCreated: z.number(), observationsAdded: z.number(), relationsCreated: z.number() }),
    hints: ENSURES,
    run: async ({ jsonl, namespace }) => {
      const name = namespaceOf(context, namespace);
      const { entities, relations } = parseJsonl(jsonl);
      const data = await context.store.write(name, async (tx) => {
        const created = await createEntities(tx, name, entities);
        const additions = entities.map(({ name: entityName, observations }) => ({ entityName, contents: observations }));
        const added = await addObservations(tx, name, additions);
        const made = await createRelations(tx, name, relations);
        const observationsAdded = added.reduce((sum, { addedObservations }) => sum + addedObservations.length, 0);
        return { entitiesCreated: created.length, observationsAdded, relationsCreated: made.length };
      });
      context.changed(name);
      return { data };
    },
  });
}
