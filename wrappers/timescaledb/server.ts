import { McpServer, type McpServerFactory } from '@modelcontextprotocol/server';
import { VERSION } from '../shared/version.js';
import type { TimescaleContext } from './context.js';
import { addAggregateTools } from './tools-aggregates.js';
import { addBucketTool } from './tools-bucket.js';
import { addCatalogTools } from './tools-catalog.js';
import { addPlainTools } from './tools-health.js';
import { addCompressionTools, addHypertableTools } from './tools-hypertable.js';
import { addJobTools } from './tools-jobs.js';
import { addPolicyTools } from './tools-policies.js';

/** A server for one connection, of either era. What changes something is offered only when it is allowed. */
export function timescaleServer(context: TimescaleContext): McpServerFactory {
  return () => {
    const server = new McpServer({ name: 'hearth-timescaledb', version: VERSION });
    addPlainTools(server, context);
    addCatalogTools(server, context);
    addJobTools(server, context);
    addBucketTool(server, context);
    if (context.settings.write) {
      addHypertableTools(server, context);
      addCompressionTools(server, context);
      addPolicyTools(server, context);
      addAggregateTools(server, context);
    }
    return server;
  };
}
