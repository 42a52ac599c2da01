import { McpServer, type McpServerFactory } from '@modelcontextprotocol/server';
import { VERSION } from '../shared/version.js';
import type { MonitoringContext } from './context.js';
import { addAlertmanagerTools } from './tools-alertmanager.js';
import { addCostTool } from './tools-cost.js';
import { addDockerTools } from './tools-docker.js';
import { addHealthTool } from './tools-health.js';
import { addHostTool } from './tools-host.js';
import { addLokiTool } from './tools-loki.js';
import { addPerformanceTools } from './tools-performance.js';
import { addPrometheusTools } from './tools-prometheus.js';
import { addServiceTools } from './tools-services.js';
import { addSessionTools } from './tools-sessions.js';

/** A server for one connection, of either era. All tools are offered always; those of what is not configured say so. */
export function monitoringServer(context: MonitoringContext): McpServerFactory {
  return () => {
    const server = new McpServer({ name: 'hearth-monitoring', version: VERSION });
    addHealthTool(server, context);
    addServiceTools(server, context);
    addSessionTools(server, context);
    addPerformanceTools(server, context);
    addCostTool(server, context);
    addPrometheusTools(server, context);
    addLokiTool(server, context);
    addAlertmanagerTools(server, context);
    addDockerTools(server, context);
    addHostTool(server, context);
    return server;
  };
}
