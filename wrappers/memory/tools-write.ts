import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Queryable } from '../shared/database.js';
import { ADDS, addTool, REMOVES } from '../shared/tool.js';
import { doneOutput, entityInput, namespaceInput, relationInput } from './schemas.js';
import { type MemoryContext, namespaceOf } from './service.js';
import { addObservations, createEntities, createRelations, deleteEntities, deleteObservations, deleteRelations } from './writes.js';

/** The six tools of the reference that change the graph. */
export function addWriteTools(server: McpServer, context: MemoryContext): void {
  const write = async <T>(asked: string | undefined, work: (tx: Queryable, namespace: string) => Promise<T>): Promise<T> => {
    const namespace = namespaceOf(context, asked);
    const result = await context.store.write(namespace, (tx) => work(tx, namespace));
    context.changed(namespace);
    return result;
  };
  addCreators(server, write);
  addRemovers(server, write);
}

type Write = <T>(asked: string | undefined, work: (tx: Queryable, namespace: string) => Promise<T>) => Promise<T>;

/** The reference's text: the list itself, not the object around it. */
function pretty(list: unknown): string {
  return JSON.stringify(list, null, 2);
}

function addCreators(server: McpServer, write: Write): void {
  addTool(server, 'create_entities', {
    title: 'Create Entities',
    description: 'Create multiple new entities in the knowledge graph',
    input: z.object({ entities: z.array(entityInput), ...namespaceInput }),
    output: z.object({ entities: z.array(entityInput) }),
    hints: ADDS,
    run: async ({ entities, namespace }) => {
      const created = await write(namespace, (tx, name) => createEntities(tx, name, entities));
      return { data: { entities: created }, text: pretty(created) };
    },
  });
  addTool(server, 'create_relations', {
    title: 'Create Relations',
    description: 'Create multiple new relations between entities in the knowledge graph. Relations should be in active voice',
    input: z.object({ relations: z.array(relationInput), ...namespaceInput }),
    output: z.object({ relations: z.array(relationInput) }),
    hints: ADDS,
    run: async ({ relations, namespace }) => {
      const created = await write(namespace, (tx, name) => createRelations(tx, name, relations));
      return { data: { relations: created }, text: pretty(created) };
    },
  });
  const addition = z.object({
    entityName: z.string().describe('The name of the entity to add the observations to'),
    contents: z.array(z.string()).describe('An array of observation contents to add'),
  });
  addTool(server, 'add_observations', {
    title: 'Add Observations',
    description: 'Add new observations to existing entities in the knowledge graph',
    input: z.object({ observations: z.array(addition), ...namespaceInput }),
    output: z.object({ results: z.array(z.object({ entityName: z.string(), addedObservations: z.array(z.string()) })) }),
    hints: ADDS,
    run: async ({ observations, namespace }) => {
      const results = await write(namespace, (tx, name) => addObservations(tx, name, observations));
      return { data: { results }, text: pretty(results) };
    },
  });
}

function addRemovers(server: McpServer, write: Write): void {
  const done = (message: string): { data: z.infer<typeof doneOutput>; text: string } => ({ data: { success: true, message }, text: message });
  addTool(server, 'delete_entities', {
    title: 'Delete Entities',
    description: 'Delete multiple entities and their associated relations from the knowledge graph',
    input: z.object({ entityNames: z.array(z.string()).describe('An array of entity names to delete'), ...namespaceInput }),
    output: doneOutput,
    hints: REMOVES,
    run: async ({ entityNames, namespace }) => {
      await write(namespace, (tx, name) => deleteEntities(tx, name, entityNames));
      return done('Entities deleted successfully');
    },
  });
  const deletion = z.object({
    entityName: z.string().describe('The name of the entity containing the observations'),
    observations: z.array(z.string()).describe('An array of observations to delete'),
  });
  addTool(server, 'delete_observations', {
    title: 'Delete Observations',
    description: 'Delete specific observations from entities in the knowledge graph',
    input: z.object({ deletions: z.array(deletion), ...namespaceInput }),
    output: doneOutput,
    hints: REMOVES,
    run: async ({ deletions, namespace }) => {
      await write(namespace, (tx, name) => deleteObservations(tx, name, deletions));
      return done('Observations deleted successfully');
    },
  });
  addTool(server, 'delete_relations', {
    title: 'Delete Relations',
    description: 'Delete multiple relations from the knowledge graph',
    input: z.object({ relations: z.array(relationInput).describe('An array of relations to delete'), ...namespaceInput }),
    output: doneOutput,
    hints: REMOVES,
    run: async ({ relations, namespace }) => {
      await write(namespace, (tx, name) => deleteRelations(tx, name, relations));
      return done('Relations deleted successfully');
    },
  });
}
