import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { addTool, READS } from '../shared/tool.js';
import type { MonitoringContext } from './context.js';
import { lines } from './format.js';
import type { Status } from './hearth.js';
import type { HearthService } from './settings.js';

const overviewSchema = z.object({
  name: z.string(),
  url: z.string(),
  reachable: z.boolean(),
  ready: z.boolean().describe('Whether a tool call would work'),
  reasons: z.array(z.string()).describe('Why it is not ready, or only partly'),
  state: z.string().describe("Of its servers' processes: ready, starting, backoff, failed, …"),
  restarts: z.number().nullable(),
  sessions: z.number().nullable(),
  tools: z.number().nullable(),
  version: z.string().nullable(),
  uptimeSeconds: z.number().nullable(),
});
type Overview = z.output<typeof overviewSchema>;

/** The hearth services: up, or why not. */
export function addServiceTools(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'services_overview', {
    title: 'Services Overview',
    description: 'All MCP services at a glance: ready or why not, state, restarts, sessions, number of tools. Start here',
    input: z.object({}),
    output: z.object({ ready: z.number(), total: z.number(), services: z.array(overviewSchema) }),
    hints: READS,
    run: async () => {
      const services = await Promise.all(context.services().map((service) => overviewOf(context, service)));
      const ready = services.filter((service) => service.ready).length;
      const text = [`${ready} of ${services.length} services are ready.`, ...services.map(lineOf)].join('\n');
      return { data: { ready, total: services.length, services }, text };
    },
  });
  addTool(server, 'service_details', {
    title: 'Service Details',
    description: 'One service in depth: its deep health check with every child process, queue, breaker, memory, CPU, age of its tool list',
    input: z.object({ service: z.string().max(64).describe('Name of a service, as services_overview has it') }),
    output: z.object({
      name: z.string(),
      url: z.string(),
      ready: z.boolean(),
      reasons: z.array(z.string()),
      health: z.record(z.string(), z.unknown()).nullable().describe('What /health says'),
      healthError: z.string().nullable(),
      sessions: z.record(z.string(), z.unknown()).nullable().describe('What /status says of sessions'),
    }),
    hints: READS,
    run: async ({ service: name }) => ({ data: await detailsOf(context, name) }),
  });
}

async function overviewOf(context: MonitoringContext, service: HearthService): Promise<Overview> {
  const [readiness, [status]] = await Promise.all([
    context.hearth.readiness(service),
    context.each([service], (each) => context.hearth.status(each)),
  ]);
  const failed = status?.error ?? null;
  const reasons = [...readiness.reasons, ...(failed !== null && readiness.reachable ? [`no details: ${failed}`] : [])];
  const known = status?.error === null ? summaryOf(status.value) : UNKNOWN;
  return { name: service.name, url: service.label, reachable: readiness.reachable, ready: readiness.ready, ...known, reasons };
}

const UNKNOWN = { state: 'unknown', restarts: null, sessions: null, tools: null, version: null, uptimeSeconds: null };

function summaryOf({ servers, sessions, version, uptimeSeconds, draining }: Status) {
  const children = servers.flatMap((server) => server.children);
  const states = [...new Set(children.map(({ state }) => state))];
  return {
    state: draining ? 'draining' : states.join(', ') || 'idle',
    restarts: children.reduce((sum, { restarts }) => sum + restarts, 0),
    sessions: sessions.active,
    tools: servers.reduce((sum, { tools }) => sum + tools, 0),
    version,
    uptimeSeconds,
  };
}

function lineOf({ name, ready, reachable, state, restarts, sessions, tools, reasons }: Overview): string {
  const word = ready ? 'ready' : reachable ? 'NOT READY' : 'UNREACHABLE';
  const numbers = restarts === null ? '' : `, ${state}, ${restarts} restarts, ${sessions} sessions, ${tools} tools`;
  return `${name}: ${word}${numbers}${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}`;
}

async function detailsOf(context: MonitoringContext, name: string) {
  const services = context.services(name);
  const [service] = services;
  const [health, status] = await Promise.all([
    context.each(services, (each) => context.hearth.health(each)),
    context.each(services, (each) => context.hearth.status(each)),
  ]);
  const { ready, reasons } = service === undefined ? { ready: false, reasons: [] } : await context.hearth.readiness(service);
  const [deep] = health;
  const [shallow] = status;
  return {
    name,
    url: service?.label ?? '',
    ready,
    reasons: [...reasons],
    health: deep?.error === null ? deep.value : null,
    healthError: deep?.error ?? null,
    sessions: shallow?.error === null ? shallow.value.sessions : null,
  };
}

export function failureLines(failures: ReadonlyArray<{ service: string; error: string }>): string {
  return failures.length === 0
    ? ''
    : `\n${lines(
        failures.map(({ service, error }) => `${service}: ${error}`),
        '',
      )}`;
}
