import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Queryable } from '../shared/database.js';
import { ToolFault } from '../shared/faults.js';
import { addTool, READS } from '../shared/tool.js';
import { aggregateSchema, aggregateSql, bucketOf, filterSchema, filterSql, type Source, Values } from './bucket.js';
import { type Extension, readingTimescale, type TimescaleContext } from './context.js';
import { columnsOf, findColumn, findTable, isInteger, tableInput, timeColumnOf } from './identifiers.js';
import { plainRows, rowsOutput } from './rows.js';

const inputSchema = z.object({
  ...tableInput,
  timeColumn: z.string().describe("The time column; a hypertable's own without it").optional(),
  interval: z.string().describe("The width of a bucket: '5 minutes', '1 day'; a whole number for integer time"),
  aggregates: z.array(aggregateSchema).min(1).max(20),
  groupBy: z.array(z.string()).max(10).describe('Columns to group by beside the bucket').optional(),
  filters: z.array(filterSchema).max(20).describe('All of them must hold').optional(),
  from: z.string().describe('Beginning of the time range, inclusive; needed for gapfill').optional(),
  to: z.string().describe('End of the time range, exclusive; needed for gapfill').optional(),
  gapfill: z
    .enum(['none', 'null', 'locf', 'interpolate'])
    .describe('Empty buckets: left out (none, the default), null, the last value carried forward, or interpolated')
    .optional(),
  order: z.enum(['asc', 'desc']).optional(),
  limit: z.number().int().min(1).max(10_000).describe('At most so many rows; 1000 without it').optional(),
});

/** The query that time series are for, without writing SQL. */
export function addBucketTool(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'time_bucket_query', {
    title: 'Time Bucket Query',
    description: 'Aggregate a table by buckets of time, with grouping, filters and filling of gaps; no SQL needed',
    input: inputSchema,
    output: rowsOutput,
    hints: READS,
    run: (asked) =>
      readingTimescale(context, async (tx, extension) => {
        const limit = asked.limit ?? 1_000;
        const { sql, values } = bucketQuery(await sourceOf(tx, extension, asked), asked, limit + 1);
        return { data: plainRows(await tx.query<object>(sql, values), limit) };
      }),
  });
}

export async function sourceOf(
  database: Queryable,
  extension: Extension,
  asked: { table: string; schema?: string | undefined; timeColumn?: string | undefined },
): Promise<Source> {
  const table = await findTable(database, asked);
  const columns = await columnsOf(database, table);
  const name = asked.timeColumn ?? (await timeColumnOf(database, table));
  if (name === undefined)
    throw new ToolFault(
      `${table.sql} is no hypertable, so its time column is not known: name it as timeColumn (a continuous aggregate's is mostly 'bucket').`,
    );
  return { table, columns, time: findColumn(columns, table, name), extension: extension.schema };
}

/** @returns the statement; every value in it is a parameter */
export function bucketQuery(source: Source, asked: z.output<typeof inputSchema>, limit: number): { sql: string; values: unknown[] } {
  const { table, columns, time } = source;
  const { interval, from, to, gapfill = 'none', order = 'asc' } = asked;
  const values = new Values();
  const place = (value: unknown, type: string): string => values.add(value, type);
  const bounds = {
    from: from === undefined ? undefined : place(from, time.type),
    to: to === undefined ? undefined : place(to, time.type),
  };
  if (gapfill !== 'none' && (bounds.from === undefined || bounds.to === undefined))
    throw new ToolFault('gapfill needs both from and to: without them it does not know which buckets are missing.');
  const width = isInteger(time) ? time.type : 'interval';
  const bucket =
    gapfill === 'none'
      ? bucketOf(source, interval)(place)
      : `${source.extension}.time_bucket_gapfill(${place(interval, width)}, ${time.sql}, start => ${bounds.from}, finish => ${bounds.to})`;
  const groups = (asked.groupBy ?? []).map((name) => findColumn(columns, table, name).sql);
  const aggregates = asked.aggregates.map((aggregate) => aggregateSql(source, aggregate, gapfill).sql);
  const conditions = [
    ...(bounds.from === undefined ? [] : [`${time.sql} >= ${bounds.from}`]),
    ...(bounds.to === undefined ? [] : [`${time.sql} < ${bounds.to}`]),
    ...(asked.filters ?? []).map((filter) => filterSql(source, filter, values)),
  ];
  const sql = [
    `select ${[`${bucket} as bucket`, ...groups, ...aggregates].join(', ')}`,
    `from ${table.sql}`,
    ...(conditions.length > 0 ? [`where ${conditions.join(' and ')}`] : []),
    `group by ${['1', ...groups].join(', ')}`,
    `order by 1 ${order}${groups.map((group) => `, ${group}`).join('')}`,
    `limit ${place(limit, 'bigint')}`,
  ].join('\n');
  return { sql, values: values.list };
}
