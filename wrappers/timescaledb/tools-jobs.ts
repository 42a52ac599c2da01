import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { addTool, READS } from '../shared/tool.js';
import { readingTimescale, type TimescaleContext } from './context.js';
import { plainRows, rowsOutput } from './rows.js';

/** Continuous aggregates and background jobs. */
export function addJobTools(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'list_continuous_aggregates', {
    title: 'List Continuous Aggregates',
    description: 'List continuous aggregates with their source hypertable and definition',
    input: z.object({ schema: z.string().describe('Only those of this schema').optional() }),
    output: rowsOutput,
    hints: READS,
    run: ({ schema }) =>
      readingTimescale(context, async (tx) => {
        // Whole rows: the view's columns differ between versions (`finalized` is gone in 2.29).
        const rows = await tx.query<{ row: object }>(
          `select to_jsonb(c) as row from timescaledb_information.continuous_aggregates c
           where $1::text is null or c.view_schema = $1 order by c.view_schema, c.view_name`,
          [schema ?? null],
        );
        return {
          data: plainRows(
            rows.map(({ row }) => row),
            1_000,
          ),
        };
      }),
  });
  addTool(server, 'list_jobs', {
    title: 'List Jobs',
    description: 'List background jobs (policies) with their schedule, last run, successes and failures',
    input: z.object({
      table: z.string().describe('Only those of this hypertable or continuous aggregate').optional(),
      failedOnly: z.boolean().describe('Only those whose last run failed').optional(),
    }),
    output: rowsOutput,
    hints: READS,
    run: ({ table, failedOnly = false }) =>
      readingTimescale(context, async (tx) => {
        const rows = await tx.query<{ row: object }>(
          `select to_jsonb(j) || jsonb_build_object('stats', to_jsonb(s)) as row
           from timescaledb_information.jobs j left join timescaledb_information.job_stats s on s.job_id = j.job_id
           where ($1::text is null or j.hypertable_name in (select $1 union select c.materialization_hypertable_name from timescaledb_information.continuous_aggregates c where c.view_name = $1)) and (not $2::boolean or s.last_run_status = 'Failed') order by j.job_id`,
          [table ?? null, failedOnly],
        );
        return {
          data: plainRows(
            rows.map(({ row }) => row),
            1_000,
          ),
        };
      }),
  });
}
