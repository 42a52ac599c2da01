import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ToolFault } from '../shared/faults.js';
import { addTool, READS } from '../shared/tool.js';
import type { MonitoringContext } from './context.js';
import { cut, lines, quoted, rangeInput, rangeOf } from './format.js';
import { isoOf, resultSchema, seriesOf, seriesOutput, seriesText } from './prometheus-data.js';

const streamsSchema = z.looseObject({
  resultType: z.literal('streams'),
  result: z.array(z.looseObject({ stream: z.record(z.string(), z.string()), values: z.array(z.tuple([z.string(), z.string()]).rest(z.unknown())) })),
});
const answerSchema = z.looseObject({ data: z.union([streamsSchema, resultSchema]) });

const inputSchema = z.object({
  query: z.string().min(1).max(10_000).describe('LogQL; in place of labels, level, correlationId and contains').optional(),
  labels: z
    .record(z.string().regex(/^[a-zA-Z_]\w*$/), z.string().max(500))
    .describe('Labels that must be equal: {"mcp_service": "memory"}')
    .optional(),
  level: z.string().max(32).describe('The label level: error, warn, info, debug').optional(),
  correlationId: z.string().min(1).max(256).describe('Only lines of this correlation id').optional(),
  contains: z.string().min(1).max(1_000).describe('Only lines with this text').optional(),
  ...rangeInput,
  limit: z.number().int().min(1).max(1_000).describe('At most so many lines, newest first; 100 without it').optional(),
});
type Asked = z.output<typeof inputSchema>;

export function addLokiTool(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'loki_query', {
    title: 'Loki Query',
    description: 'Logs from Loki by label, level, correlation id or text, or by LogQL; metric queries give series in place of lines',
    input: inputSchema,
    output: z.object({
      query: z.string().describe('The LogQL that was run'),
      lines: z.array(z.object({ time: z.string(), labels: z.record(z.string(), z.string()), line: z.string() })),
      metrics: z.object(seriesOutput).nullable(),
    }),
    hints: READS,
    run: async (asked) => {
      const { limit = 100 } = asked;
      const endpoint = context.endpoint('loki');
      const query = logql(asked, context.settings.lokiSelector);
      const { start, end } = rangeOf(asked);
      const times = { start: nanoseconds(start), end: nanoseconds(end) };
      const answer = await context.requests.json(endpoint, '/loki/api/v1/query_range', { query, ...times, limit, direction: 'backward' });
      const parsed = answerSchema.safeParse(answer);
      if (!parsed.success) throw new ToolFault(`${endpoint.label} did not answer as Loki does. Is LOKI_URL right?`);
      const { data } = parsed.data;
      if (data.resultType !== 'streams') {
        const metrics = seriesOf(data, limit);
        return { data: { query, lines: [], metrics }, text: seriesText(metrics) };
      }
      const found = data.result
        .flatMap(({ stream, values }) => values.map(([time, line]) => ({ time, labels: stream, line: cut(line) })))
        .sort((a, b) => (a.time.padStart(20, '0') < b.time.padStart(20, '0') ? 1 : -1))
        .slice(0, limit)
        .map((one) => ({ ...one, time: isoOf(Number(one.time) / 1e9) }));
      return {
        data: { query, lines: found, metrics: null },
        text: lines(
          found.map(({ time, line }) => `${time} ${line}`),
          'No lines.',
        ),
      };
    },
  });
}

/** @returns the query that was asked for; what a client gave is quoted */
export function logql({ query, labels = {}, level, correlationId, contains }: Asked, selector: string): string {
  const parts = [Object.keys(labels).length > 0, level, correlationId, contains].filter(Boolean);
  if (query !== undefined) {
    if (parts.length > 0) throw new ToolFault('query stands alone: put labels, level, correlationId and contains into the LogQL.');
    return query;
  }
  const matchers = Object.entries({ ...labels, ...(level !== undefined && { level }) }).map(([key, value]) => `${key}=${quoted(value)}`);
  // hearth writes the id into each line, so this works whatever the pipeline made of it.
  const filters = [correlationId, contains].filter((text) => text !== undefined).map((text) => ` |= ${quoted(text)}`);
  return `${withMatchers(selector, matchers, labels)}${filters.join('')}`;
}

/** A selector needs one matcher that is not empty; the usual one serves where only a level was given. */
function withMatchers(selector: string, matchers: readonly string[], labels: Readonly<Record<string, string>>): string {
  if (matchers.length === 0) return selector;
  if (Object.values(labels).some(Boolean)) return `{${matchers.join(', ')}}`;
  return `${selector.trim().replace(/\}$/, '')}, ${matchers.join(', ')}}`;
}

/** As a whole number in text: it is too big for JavaScript's. */
function nanoseconds(seconds: number): string {
  return `${Math.floor(seconds * 1000)}000000`;
}
