import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ToolFault } from '../shared/faults.js';
import { addTool, READS } from '../shared/tool.js';
import type { MonitoringContext } from './context.js';
import { durationOf, labelsText, lines, rangeInput, rangeOf, secondsOf } from './format.js';
import { resultSchema, seriesOf, seriesOutput, seriesText } from './prometheus-data.js';
import type { Query } from './requests.js';

const labels = z.record(z.string(), z.string());
const queryInput = {
  query: z.string().min(1).max(10_000).describe('PromQL'),
  limit: z.number().int().min(1).max(1_000).describe('At most so many series; 50 without it').optional(),
};
/** Points of a series when no step is given. */
const USUAL_POINTS = 60;
const MOST_POINTS = 1_000;

const targetSchema = z.looseObject({
  labels: labels.catch({}),
  scrapeUrl: z.string().catch(''),
  health: z.string().catch('unknown'),
  lastError: z.string().catch(''),
  lastScrape: z.string().catch(''),
  lastScrapeDuration: z.number().catch(0),
});
const alertSchema = z.looseObject({
  labels: labels.catch({}),
  annotations: labels.catch({}),
  state: z.string().catch('unknown'),
  activeAt: z.string().nullish().catch(null),
  value: z.string().catch(''),
});

export function addPrometheusTools(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'prometheus_query', {
    title: 'Prometheus Query',
    description: 'Run a PromQL query at one moment',
    input: z.object({ ...queryInput, time: z.string().max(64).describe('RFC 3339 or Unix seconds; now without it').optional() }),
    output: z.object(seriesOutput),
    hints: READS,
    run: async ({ query, time, limit = 50 }) => {
      const at = time === undefined ? {} : { time: secondsOf(time) };
      const data = seriesOf(await ask(context, '/api/v1/query', { query, ...at }, resultSchema), limit);
      return { data, text: seriesText(data) };
    },
  });
  addTool(server, 'prometheus_query_range', {
    title: 'Prometheus Range Query',
    description: 'Run a PromQL query over a range of time',
    input: z.object({
      ...queryInput,
      ...rangeInput,
      step: z.string().max(16).describe("Time between points: '30s', '5m'; chosen without it").optional(),
    }),
    output: z.object(seriesOutput),
    hints: READS,
    run: async ({ query, limit = 50, step, ...asked }) => {
      const { start, end } = rangeOf(asked);
      const width = step === undefined ? Math.max(1, Math.ceil((end - start) / USUAL_POINTS)) : durationOf(step);
      if ((end - start) / width > MOST_POINTS) throw new ToolFault(`More than ${MOST_POINTS} points a series. Use a longer step or a shorter range.`);
      const data = seriesOf(await ask(context, '/api/v1/query_range', { query, start, end, step: width }, resultSchema), limit);
      return { data, text: seriesText(data) };
    },
  });
  addTargetTool(server, context);
  addAlertTool(server, context);
}

function addTargetTool(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'prometheus_targets', {
    title: 'Prometheus Targets',
    description: 'What Prometheus scrapes, and which targets are down and why',
    input: z.object({ down: z.boolean().describe('Only those that are not up').optional() }),
    output: z.object({
      total: z.number(),
      up: z.number(),
      targets: z.array(
        z.object({ labels, url: z.string(), health: z.string(), error: z.string(), lastScrape: z.string(), lastScrapeSeconds: z.number() }),
      ),
    }),
    hints: READS,
    run: async ({ down = false }) => {
      const { activeTargets } = await ask(context, '/api/v1/targets', { state: 'active' }, z.looseObject({ activeTargets: z.array(targetSchema) }));
      const up = activeTargets.filter(({ health }) => health === 'up').length;
      const targets = activeTargets
        .filter(({ health }) => !down || health !== 'up')
        .map((one) => ({
          labels: one.labels,
          url: one.scrapeUrl,
          health: one.health,
          error: one.lastError,
          lastScrape: one.lastScrape,
          lastScrapeSeconds: one.lastScrapeDuration,
        }));
      const rows = targets.map((one) => `${one.health} ${one.url} ${labelsText(one.labels)}${one.error && ` (${one.error})`}`);
      return {
        data: { total: activeTargets.length, up, targets },
        text: lines([`${up} of ${activeTargets.length} targets are up.`, ...rows], ''),
      };
    },
  });
}

function addAlertTool(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'prometheus_alerts', {
    title: 'Prometheus Alerts',
    description: "Alerts that Prometheus' rules hold to be pending or firing now; what Alertmanager makes of them is in alerts",
    input: z.object({ state: z.enum(['firing', 'pending']).describe('Only these').optional() }),
    output: z.object({
      firing: z.number(),
      pending: z.number(),
      alerts: z.array(z.object({ labels, annotations: labels, state: z.string(), activeAt: z.string().nullable(), value: z.string() })),
    }),
    hints: READS,
    run: async ({ state }) => {
      const answer = await ask(context, '/api/v1/alerts', {}, z.looseObject({ alerts: z.array(alertSchema) }));
      const all = answer.alerts.map((one) => ({
        labels: one.labels,
        annotations: one.annotations,
        state: one.state,
        activeAt: one.activeAt ?? null,
        value: one.value,
      }));
      const count = (wanted: string): number => all.filter((one) => one.state === wanted).length;
      const alerts = all.filter((one) => state === undefined || one.state === state);
      const rows = alerts.map((one) => `${one.state} ${one.labels.alertname ?? ''} ${labelsText(one.labels)} ${one.annotations.summary ?? ''}`);
      return { data: { firing: count('firing'), pending: count('pending'), alerts }, text: lines(rows, 'No alerts.') };
    },
  });
}

/** @returns the data of an answer. @throws ToolFault with Prometheus' own reason */
async function ask<S extends z.ZodType>(context: MonitoringContext, path: string, query: Query, schema: S): Promise<z.output<S>> {
  const endpoint = context.endpoint('prometheus');
  const parsed = z.looseObject({ data: schema }).safeParse(await context.requests.json(endpoint, path, query));
  if (!parsed.success) throw new ToolFault(`${endpoint.label}${path} is not what Prometheus answers. Is PROMETHEUS_URL right?`);
  return parsed.data.data as z.output<S>;
}
