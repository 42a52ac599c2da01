import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { addTool, ENSURES, READS } from '../shared/tool.js';
import type { MonitoringContext, PerService } from './context.js';
import { Metrics } from './exposition.js';
import { ratesOf, timingOf, toolUse } from './performance.js';
import type { HearthService } from './settings.js';
import { failureLines } from './tools-services.js';

const numbers = {
  calls: z.number(),
  errorRate: z.number().describe('Share of calls that ended in rpc_error, timeout or child_exit'),
  toolErrorRate: z.number().describe("Share of calls that the tool answered with isError: often the model's own arguments"),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  meanMs: z.number().nullable(),
};
const outcomes = z.record(z.string(), z.number());
const toolSchema = z.object({ server: z.string().nullable(), tool: z.string(), outcomes, ...numbers });
const serviceSchema = z.object({
  service: z.string(),
  since: z.string().describe('When counting began: the process start, or reset_statistics'),
  ...numbers,
  outcomes,
  inFlight: z.number().describe('Requests that are being worked on now'),
  waiting: z.number().describe('Requests that wait for a place'),
  breakerOpen: z.boolean(),
  tools: z.array(toolSchema),
  moreTools: z.number().describe('Tools that were left out by the limit'),
});
type ServicePerformance = z.output<typeof serviceSchema>;
const failuresSchema = z.array(z.object({ service: z.string(), error: z.string() }));

/** A service's metrics since its baseline. */
export interface Counted {
  readonly since: string;
  readonly metrics: Metrics;
}

/** How fast tools are and how often they fail, since the start or since a reset. */
export function addPerformanceTools(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'performance_report', {
    title: 'Performance Report',
    description: 'P50, P95, P99, error rates and active work, per service and per tool; since its start, or since reset_statistics',
    input: z.object({
      service: z.string().max(64).describe('Only this service').optional(),
      tool: z.string().max(256).describe('Only this tool').optional(),
      limit: z.number().int().min(1).max(500).describe('At most so many tools a service, the most called first; 20 without it').optional(),
    }),
    output: z.object({ services: z.array(serviceSchema), failures: failuresSchema }),
    hints: READS,
    run: async ({ service: name, tool, limit = 20 }) => {
      const asked = await counted(context, name);
      const services = asked.flatMap((each) => (each.error === null ? [performanceOf(each.service.name, each.value, tool, limit)] : []));
      const failures = failuresOf(asked);
      return { data: { services, failures }, text: services.map(textOf).join('\n') + failureLines(failures) };
    },
  });
  addTool(server, 'reset_statistics', {
    title: 'Reset Statistics',
    description:
      'Begin counting anew: later performance_report and cost_estimate calls of this monitoring server are since now. The services and their metrics stay as they are',
    input: z.object({
      service: z.string().max(64).describe('Only this service').optional(),
      undo: z.boolean().describe("Count from the services' own start again").optional(),
    }),
    output: z.object({ at: z.string(), reset: z.array(z.string()), failures: failuresSchema }),
    hints: ENSURES,
    run: async ({ service: name, undo = false }) => {
      const at = new Date().toISOString();
      const services = context.services(name);
      const asked = undo ? services.map((service) => ({ service, value: undefined, error: null })) : await metricsOf(context, services);
      for (const each of asked) {
        if (each.error !== null) continue;
        if (each.value === undefined) context.baselines.delete(each.service.name);
        else context.baselines.set(each.service.name, { at, metrics: each.value });
      }
      const reset = asked.filter(({ error }) => error === null).map(({ service }) => service.name);
      const failures = failuresOf(asked);
      const since = undo ? 'their own start' : at;
      return { data: { at, reset, failures }, text: `Counted since ${since}: ${reset.join(', ') || 'nothing'}.${failureLines(failures)}` };
    },
  });
}

function metricsOf(context: MonitoringContext, services: readonly HearthService[]): Promise<Array<PerService<Metrics>>> {
  return context.each(services, (service) => context.hearth.metrics(service));
}

/** The metrics of services since their baselines. A service that restarted after a baseline counts from its start. */
export function counted(context: MonitoringContext, name?: string): Promise<Array<PerService<Counted>>> {
  return context.each(context.services(name), async (service) => {
    const now = await context.hearth.metrics(service);
    const baseline = context.baselines.get(service.name);
    const metrics = baseline === undefined ? now : now.since(baseline.metrics);
    const started = now.sum('process_start_time_seconds');
    const start = started === null ? 'the start of the service' : new Date(started * 1000).toISOString();
    return { since: baseline === undefined || metrics === now ? start : baseline.at, metrics };
  });
}

export function failuresOf(asked: ReadonlyArray<{ service: HearthService; error: string | null }>): Array<{ service: string; error: string }> {
  return asked.flatMap(({ service, error }) => (error === null ? [] : [{ service: service.name, error }]));
}

function performanceOf(service: string, { since, metrics }: Counted, tool: string | undefined, limit: number): ServicePerformance {
  const chosen = toolUse(metrics).filter((each) => tool === undefined || each.tool === tool);
  const samples = (name: string) => metrics.of(name).filter(({ labels }) => tool === undefined || labels.tool === tool);
  const all: Record<string, number> = {};
  for (const each of chosen) for (const [outcome, count] of Object.entries(each.outcomes)) all[outcome] = (all[outcome] ?? 0) + count;
  const sum = new Metrics(samples('mcp_tool_duration_seconds_sum')).sum('mcp_tool_duration_seconds_sum') ?? 0;
  return {
    service,
    since,
    ...ratesOf(all),
    ...timingOf(samples('mcp_tool_duration_seconds_bucket'), sum),
    outcomes: all,
    inFlight: metrics.sum('mcp_requests_in_flight') ?? 0,
    waiting: metrics.sum('mcp_queue_waiting') ?? 0,
    breakerOpen: (metrics.sum('mcp_breaker_open') ?? 0) > 0,
    tools: chosen.slice(0, limit),
    moreTools: Math.max(0, chosen.length - limit),
  };
}

function textOf(service: ServicePerformance): string {
  const { since, inFlight, waiting, breakerOpen, tools, moreTools } = service;
  const work = `${inFlight} in flight, ${waiting} waiting${breakerOpen ? ', BREAKER OPEN' : ''}`;
  const rows = tools.map((tool) => `  ${tool.server === null ? '' : `${tool.server}/`}${tool.tool}: ${numbersText(tool)}`);
  return [
    `${service.service}: ${numbersText(service)}; ${work} (since ${since})`,
    ...rows,
    ...(moreTools > 0 ? [`  and ${moreTools} more`] : []),
  ].join('\n');
}

function numbersText({
  calls,
  errorRate,
  toolErrorRate,
  p50Ms,
  p95Ms,
  p99Ms,
}: Omit<ServicePerformance, 'service' | 'tools'> | z.output<typeof toolSchema>): string {
  if (calls === 0) return 'no calls';
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  return `${calls} calls, P50 ${p50Ms} ms, P95 ${p95Ms} ms, P99 ${p99Ms} ms, errors ${percent(errorRate)}, tool errors ${percent(toolErrorRate)}`;
}
