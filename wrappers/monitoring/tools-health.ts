import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { messageOf } from '../shared/faults.js';
import { addTool, READS } from '../shared/tool.js';
import { VERSION } from '../shared/version.js';
import { type Backend, type MonitoringContext, VARIABLES } from './context.js';
import { lines } from './format.js';
import type { HearthService } from './settings.js';

/** A path of each that answers cheaply. */
const PROBES: Readonly<Record<Backend, string>> = {
  prometheus: '/-/ready',
  loki: '/ready',
  alertmanager: '/-/ready',
  docker: '/_ping',
};

const partSchema = z.object({
  name: z.string(),
  variable: z.string(),
  configured: z.boolean(),
  reachable: z.boolean().nullable().describe('null when it is not configured'),
  url: z.string().nullable(),
  error: z.string().nullable(),
});
type Part = z.output<typeof partSchema>;

/** What this server has, and what it lacks. */
export function addHealthTool(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'monitoring_health', {
    title: 'Monitoring Health',
    description: 'Check this monitoring server: which of hearth, Prometheus, Loki, Alertmanager, Docker and prices are configured and reachable',
    input: z.object({}),
    output: z.object({
      status: z.enum(['ok', 'degraded']).describe('degraded: something that is configured does not answer'),
      version: z.string(),
      parts: z.array(partSchema),
      missing: z.array(z.string()).describe('Variables that are not set'),
    }),
    hints: READS,
    run: async () => {
      const { services, prices } = context.settings;
      const backends = Object.keys(PROBES) as Backend[];
      const parts = await Promise.all([
        ...services.map((service) => hearthPart(context, service)),
        ...backends.map((each) => backendPart(context, each)),
      ]);
      if (services.length === 0) parts.unshift(missingPart('services', VARIABLES.services));
      parts.push({ ...missingPart('prices', VARIABLES.prices), configured: prices !== undefined });
      const missing = parts.filter(({ configured }) => !configured).map(({ variable }) => variable);
      const status = parts.some(({ reachable }) => reachable === false) ? ('degraded' as const) : ('ok' as const);
      return { data: { status, version: VERSION, parts, missing }, text: lines([status, ...parts.map(lineOf)], '') };
    },
  });
}

async function hearthPart(context: MonitoringContext, service: HearthService): Promise<Part> {
  const { reachable, reasons } = await context.hearth.readiness(service);
  const error = reachable ? null : (reasons[0] ?? null);
  return { name: service.name, variable: VARIABLES.services, configured: true, reachable, url: service.label, error };
}

async function backendPart(context: MonitoringContext, name: Backend): Promise<Part> {
  const endpoint = context.settings[name];
  const variable = VARIABLES[name];
  if (endpoint === undefined) return missingPart(name, variable);
  const known = { name, variable, configured: true, url: endpoint.label };
  try {
    await context.requests.text(endpoint, PROBES[name]);
    return { ...known, reachable: true, error: null };
  } catch (error) {
    return { ...known, reachable: false, error: messageOf(error) };
  }
}

function missingPart(name: string, variable: string): Part {
  return { name, variable, configured: false, reachable: null, url: null, error: null };
}

function lineOf({ name, variable, configured, reachable, url, error }: Part): string {
  if (!configured) return `${name}: not configured (${variable})`;
  return `${name}: ${reachable === null ? 'configured' : reachable ? `reachable at ${url}` : `NOT REACHABLE: ${error}`}`;
}
