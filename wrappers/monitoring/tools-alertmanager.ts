import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ToolFault } from '../shared/faults.js';
import { addTool, READS } from '../shared/tool.js';
import type { MonitoringContext } from './context.js';
import { labelsText, lines } from './format.js';
import type { Query } from './requests.js';

const labels = z.record(z.string(), z.string());
const filterInput = {
  filter: z.array(z.string().max(500)).max(10).describe('Matchers as Alertmanager has them: severity="critical"').optional(),
  limit: z.number().int().min(1).max(500).describe('At most so many; 100 without it').optional(),
};
const alertSchema = z.looseObject({
  labels: labels.catch({}),
  annotations: labels.catch({}),
  startsAt: z.string().catch(''),
  endsAt: z.string().catch(''),
  fingerprint: z.string().catch(''),
  status: z
    .looseObject({ state: z.string().catch('unknown'), silencedBy: z.array(z.string()).catch([]), inhibitedBy: z.array(z.string()).catch([]) })
    .catch({ state: 'unknown', silencedBy: [], inhibitedBy: [] }),
});
const matcherSchema = z.looseObject({ name: z.string(), value: z.string(), isRegex: z.boolean().catch(false), isEqual: z.boolean().catch(true) });
const silenceSchema = z.looseObject({
  id: z.string().catch(''),
  status: z.looseObject({ state: z.string().catch('unknown') }).catch({ state: 'unknown' }),
  matchers: z.array(matcherSchema).catch([]),
  startsAt: z.string().catch(''),
  endsAt: z.string().catch(''),
  createdBy: z.string().catch(''),
  comment: z.string().catch(''),
});

export function addAlertmanagerTools(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'alerts', {
    title: 'Alerts',
    description: 'Alerts in Alertmanager: what fires, since when, and what is silenced or inhibited',
    input: z.object({
      ...filterInput,
      silenced: z.boolean().describe('Also silenced ones; true without it').optional(),
      inhibited: z.boolean().describe('Also inhibited ones; true without it').optional(),
    }),
    output: z.object({
      total: z.number(),
      truncated: z.boolean(),
      alerts: z.array(
        z.object({
          labels,
          annotations: labels,
          state: z.string(),
          startsAt: z.string(),
          endsAt: z.string(),
          fingerprint: z.string(),
          silencedBy: z.array(z.string()),
          inhibitedBy: z.array(z.string()),
        }),
      ),
    }),
    hints: READS,
    run: async ({ filter = [], limit = 100, silenced = true, inhibited = true }) => {
      const all = await ask(context, '/api/v2/alerts', { filter, silenced, inhibited, active: true }, alertSchema);
      const alerts = all.slice(0, limit).map(({ status, ...one }) => ({
        labels: one.labels,
        annotations: one.annotations,
        state: status.state,
        startsAt: one.startsAt,
        endsAt: one.endsAt,
        fingerprint: one.fingerprint,
        silencedBy: status.silencedBy,
        inhibitedBy: status.inhibitedBy,
      }));
      const rows = alerts.map(
        (one) => `${one.state} ${one.labels.alertname ?? ''} ${labelsText(one.labels)} since ${one.startsAt} ${one.annotations.summary ?? ''}`,
      );
      return { data: { total: all.length, truncated: all.length > limit, alerts }, text: lines(rows, 'No alerts.') };
    },
  });
  addTool(server, 'silences', {
    title: 'Silences',
    description: 'Silences in Alertmanager: what is silenced, by whom, why and until when',
    input: z.object({ ...filterInput, expired: z.boolean().describe('Also those that have ended').optional() }),
    output: z.object({
      total: z.number(),
      truncated: z.boolean(),
      silences: z.array(
        z.object({
          id: z.string(),
          state: z.string(),
          matchers: z.array(z.string()),
          startsAt: z.string(),
          endsAt: z.string(),
          createdBy: z.string(),
          comment: z.string(),
        }),
      ),
    }),
    hints: READS,
    run: async ({ filter = [], limit = 100, expired = false }) => {
      const all = (await ask(context, '/api/v2/silences', { filter }, silenceSchema)).filter(({ status }) => expired || status.state !== 'expired');
      const silences = all.slice(0, limit).map((one) => ({
        id: one.id,
        state: one.status.state,
        matchers: one.matchers.map(
          ({ name, value, isEqual, isRegex }) => `${name}${isEqual ? '=' : '!'}${isRegex ? '~' : isEqual ? '' : '='}${JSON.stringify(value)}`,
        ),
        startsAt: one.startsAt,
        endsAt: one.endsAt,
        createdBy: one.createdBy,
        comment: one.comment,
      }));
      const rows = silences.map((one) => `${one.state} ${one.matchers.join(', ')} until ${one.endsAt} by ${one.createdBy}: ${one.comment}`);
      return { data: { total: all.length, truncated: all.length > limit, silences }, text: lines(rows, 'No silences.') };
    },
  });
}

async function ask<S extends z.ZodType>(context: MonitoringContext, path: string, query: Query, schema: S): Promise<Array<z.output<S>>> {
  const endpoint = context.endpoint('alertmanager');
  const parsed = z.array(schema).safeParse(await context.requests.json(endpoint, path, query));
  if (!parsed.success) throw new ToolFault(`${endpoint.label}${path} is not what Alertmanager answers. Is ALERTMANAGER_URL right?`);
  return parsed.data;
}
