import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ToolFault } from '../shared/faults.js';
import { addTool, READS } from '../shared/tool.js';
import { idsOf, openEntities, readGraph, readPage } from './reads.js';
import { graphOutput, namespaceInput, timestampsInput } from './schemas.js';
import { findRanked, findSubstring } from './search.js';
import { type MemoryContext, namespaceOf } from './service.js';

const DEFAULT_RANKED_LIMIT = 20;
const limit = z.number().int().min(1).max(10_000);

/** The three tools of the reference that read. Without the optional arguments they answer as it does. */
export function addReadTools(server: McpServer, context: MemoryContext): void {
  addTool(server, 'read_graph', {
    title: 'Read Graph',
    description: 'Read the entire knowledge graph',
    input: z.object({
      limit: limit.describe('Read a page of at most so many entities and relations; everything at once without it').optional(),
      cursor: z.string().describe('nextCursor of the page before; only with limit').optional(),
      ...timestampsInput,
      ...namespaceInput,
    }),
    output: graphOutput.extend({ nextCursor: z.string().describe('There is a next page: pass this as cursor').optional() }),
    hints: READS,
    run: async ({ limit: size, cursor, timestamps = false, namespace }) => {
      const name = namespaceOf(context, namespace);
      if (size === undefined && cursor !== undefined) throw new ToolFault('A cursor needs a limit: pass the limit of the page before.');
      const graph = await context.store.read((database) =>
        size === undefined ? readGraph(database, name, { timestamps }) : readPage(database, name, size, cursor, { timestamps }),
      );
      return { data: graph };
    },
  });
  addSearch(server, context);
  addTool(server, 'open_nodes', {
    title: 'Open Nodes',
    description: 'Open specific nodes in the knowledge graph by their names',
    input: z.object({ names: z.array(z.string()).describe('An array of entity names to retrieve'), ...timestampsInput, ...namespaceInput }),
    output: graphOutput,
    hints: READS,
    run: async ({ names, timestamps = false, namespace }) => {
      const name = namespaceOf(context, namespace);
      const graph = await context.store.read(async (database) => openEntities(database, name, await idsOf(database, name, names), { timestamps }));
      return { data: graph };
    },
  });
}

function addSearch(server: McpServer, context: MemoryContext): void {
  addTool(server, 'search_nodes', {
    title: 'Search Nodes',
    description: 'Search for nodes in the knowledge graph based on a query',
    input: z.object({
      query: z.string().describe('The search query to match against entity names, types, and observation content'),
      mode: z
        .enum(['substring', 'ranked'])
        .describe(
          'substring (default): the query as it stands, in the order of storing. ranked: any of its words, and near spellings of names, best first; better for questions of several words',
        )
        .optional(),
      limit: limit.describe(`At most so many entities; ${DEFAULT_RANKED_LIMIT} for ranked, all for substring`).optional(),
      ...timestampsInput,
      ...namespaceInput,
    }),
    output: graphOutput,
    hints: READS,
    run: async ({ query, mode = 'substring', limit: size, timestamps = false, namespace }) => {
      const name = namespaceOf(context, namespace);
      const ranked = mode === 'ranked';
      const graph = await context.store.read(async (database) => {
        const ids = ranked
          ? await findRanked(database, name, query, size ?? DEFAULT_RANKED_LIMIT, context.store.trigrams)
          : await findSubstring(database, name, query, size);
        return openEntities(database, name, ids, { timestamps }, ranked);
      });
      return { data: graph };
    },
  });
}
