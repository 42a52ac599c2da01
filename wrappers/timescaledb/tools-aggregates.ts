import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { ADDS, addTool, ENSURES } from '../shared/tool.js';
import { aggregateSchema, aggregateSql, bucketOf } from './bucket.js';
import { changingTimescale, type TimescaleContext } from './context.js';
import { findColumn, findTable, isInteger, literal, newName, quote, tableInput } from './identifiers.js';
import { sourceOf } from './tools-bucket.js';
import { done, doneOutput } from './tools-hypertable.js';

/** Materialised views that TimescaleDB keeps up to date. */
export function addAggregateTools(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'create_continuous_aggregate', {
    title: 'Create Continuous Aggregate',
    description: 'Create a continuous aggregate over a hypertable, empty: fill it by refresh_continuous_aggregate or add_refresh_policy',
    input: z.object({
      name: newName.describe('The name of the view; it is made in the schema of the table'),
      ...tableInput,
      interval: z.string().describe("The width of a bucket: '1 hour'; a whole number for integer time"),
      aggregates: z.array(aggregateSchema).min(1).max(20),
      groupBy: z.array(z.string()).max(10).optional(),
      realtime: z.boolean().describe('Queries of it also see what has come since the last refresh').optional(),
    }),
    output: doneOutput,
    hints: ADDS,
    run: ({ name, interval, aggregates, groupBy = [], realtime = false, ...asked }) =>
      changingTimescale(context, async (connection, extension) => {
        const source = await sourceOf(connection, extension, asked);
        const { table, columns, time } = source;
        // The statement takes no parameters: the database spells the interval, so that it is one, and it is quoted.
        const type = isInteger(time) ? time.type : 'interval';
        const [row] = await connection.query<{ width: string }>(`select ($1::${type})::text as width`, [interval]);
        const bucket = bucketOf(source, interval)((_, as) => `${literal(row?.width ?? '')}::${as}`);
        const groups = groupBy.map((column) => findColumn(columns, table, column).sql);
        const view = `${quote(table.schema)}.${quote(name)}`;
        await connection.query(
          `create materialized view ${view} with (timescaledb.continuous, timescaledb.materialized_only = ${!realtime}) as
           select ${[`${bucket} as bucket`, ...groups, ...aggregates.map((aggregate) => aggregateSql(source, aggregate, 'none').sql)].join(', ')}
           from ${table.sql} group by ${['1', ...groups].join(', ')} with no data`,
        );
        return done(`${view} is created, and empty.`);
      }),
  });
  addTool(server, 'refresh_continuous_aggregate', {
    title: 'Refresh Continuous Aggregate',
    description: 'Bring a continuous aggregate up to date for a range of time',
    input: z.object({
      ...tableInput,
      from: z.string().describe('Beginning of the range; of everything without it').optional(),
      to: z.string().describe('End of the range; of everything without it').optional(),
    }),
    output: doneOutput,
    hints: ENSURES,
    run: ({ from, to, ...asked }) =>
      changingTimescale(context, async (connection, { schema }) => {
        const { sql } = await findTable(connection, asked);
        const type = [from, to].some((bound) => bound !== undefined && /^\d+$/.test(bound)) ? 'bigint' : 'timestamptz';
        await connection.query(`call ${schema}.refresh_continuous_aggregate($1::regclass, $2::${type}, $3::${type})`, [
          sql,
          from ?? null,
          to ?? null,
        ]);
        return done(`${sql} is up to date for the range.`);
      }),
  });
}
