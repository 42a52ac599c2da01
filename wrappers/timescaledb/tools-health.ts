import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { addTool, READS } from '../shared/tool.js';
import { findExtension, reading, type TimescaleContext } from './context.js';
import { rowsOutput } from './rows.js';
import { runSelect } from './select.js';

/** What works without the extension, too. */
export function addPlainTools(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'timescale_health', {
    title: 'Timescale Health',
    description: 'Check the database: its version, whether TimescaleDB is installed and in which version, and whether this server may write',
    input: z.object({}),
    output: z.object({
      status: z.literal('ok'),
      postgres: z.string(),
      database: z.string(),
      installed: z.boolean().describe('Whether this database has the TimescaleDB extension'),
      version: z.string().nullable(),
      available: z.string().nullable().describe('The version of TimescaleDB that this PostgreSQL server could create or update to'),
      hypertables: z.number().nullable(),
      writeTools: z.boolean().describe('Whether the tools that change something are offered (TIMESCALE_WRITE)'),
      note: z.string().optional(),
    }),
    hints: READS,
    run: async () => ({ data: await health(context) }),
  });
  addTool(server, 'run_select', {
    title: 'Run Select',
    description: `Run one SELECT in a read-only transaction with a time limit; at most ${context.settings.maxRows} rows. Pass values as params ($1, $2), not in the text`,
    input: z.object({
      sql: z.string().min(1).max(100_000).describe('One SELECT, WITH … SELECT, or VALUES'),
      params: z
        .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
        .describe('Values of $1, $2, …')
        .optional(),
      limit: z
        .number()
        .int()
        .min(1)
        .max(context.settings.maxRows)
        .describe(`At most so many rows; ${context.settings.maxRows} without it`)
        .optional(),
    }),
    output: rowsOutput,
    hints: READS,
    run: async ({ sql, params = [], limit = context.settings.maxRows }) => ({ data: await runSelect(context, sql, params, limit) }),
  });
}

async function health(context: TimescaleContext) {
  return reading(context, async (tx) => {
    const [row] = await tx.query<{ postgres: string; database: string; available: string | null }>(
      `select current_setting('server_version') as postgres, current_database()::text as database,
         (select default_version from pg_available_extensions where name = 'timescaledb') as available`,
    );
    const extension = await findExtension(tx);
    const [count] =
      extension === undefined ? [] : await tx.query<{ n: number }>('select count(*)::int as n from timescaledb_information.hypertables');
    return {
      status: 'ok' as const,
      postgres: row?.postgres ?? '',
      database: row?.database ?? '',
      installed: extension !== undefined,
      version: extension?.version ?? null,
      available: row?.available ?? null,
      hypertables: count?.n ?? null,
      writeTools: context.settings.write,
      ...(extension === undefined && { note: 'TimescaleDB is not installed in this database: only this tool and run_select work.' }),
    };
  });
}
