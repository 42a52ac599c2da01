import { McpServer, type McpServerFactory, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { explain } from '../shared/faults.js';
import { VERSION } from '../shared/version.js';
import { readGraph } from './reads.js';
import type { MemoryContext } from './service.js';
import { addExtraTools } from './tools-extra.js';
import { addReadTools } from './tools-read.js';
import { addWriteTools } from './tools-write.js';

const GRAPH = 'memory://knowledge-graph';

/** A server for one connection, of either era. */
export function memoryServer(base: Omit<MemoryContext, 'changed'>): McpServerFactory {
  return ({ era }) => {
    const server = new McpServer({ name: 'memory-server', version: VERSION });
    // The newer era subscribes at the entry, which then passes on only what was asked for.
    const subscribed = era === 'modern' ? new Set([GRAPH]) : new Set<string>();
    const context: MemoryContext = {
      ...base,
      changed: (namespace) => {
        if (namespace !== base.settings.namespace || !subscribed.has(GRAPH)) return;
        // The change is stored; that nobody could be told is no failure of it.
        server.server.sendResourceUpdated({ uri: GRAPH }).catch(() => undefined);
      },
    };
    addWriteTools(server, context);
    addReadTools(server, context);
    addExtraTools(server, context);
    addGraphResource(server, context);
    server.server.registerCapabilities({ resources: { subscribe: true } });
    if (era === 'legacy') serveSubscriptions(server, subscribed);
    return server;
  };
}

function addGraphResource(server: McpServer, { store, settings }: MemoryContext): void {
  const about = { title: 'Knowledge Graph', description: 'The full knowledge graph with all entities and relations', mimeType: 'application/json' };
  server.registerResource('knowledge-graph', GRAPH, about, async (uri) => {
    try {
      const graph = await store.read((database) => readGraph(database, settings.namespace, { timestamps: false }));
      return { contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify(graph, null, 2) }] };
    } catch (error) {
      throw new ProtocolError(ProtocolErrorCode.InternalError, explain(error));
    }
  });
}

function serveSubscriptions(server: McpServer, subscribed: Set<string>): void {
  server.server.setRequestHandler('resources/subscribe', async ({ params }) => {
    // There is one resource; remembering names of others would be a set that a client could fill.
    if (params.uri === GRAPH) subscribed.add(params.uri);
    return {};
  });
  server.server.setRequestHandler('resources/unsubscribe', async ({ params }) => {
    subscribed.delete(params.uri);
    return {};
  });
}
