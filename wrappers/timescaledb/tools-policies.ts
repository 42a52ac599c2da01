import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { addTool, ENSURES, REMOVES } from '../shared/tool.js';
import { changingTimescale, type TimescaleContext } from './context.js';
import { findTable, tableInput } from './identifiers.js';
import { done, doneOutput } from './tools-hypertable.js';

const age = (what: string) => z.string().describe(`${what}: '7 days'; a whole number for integer time`);

function typeOf(text: string): string {
  return /^\d+$/.test(text) ? 'bigint' : 'interval';
}

/** Background jobs of TimescaleDB: they act by themselves from now on. */
export function addPolicyTools(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'add_compression_policy', {
    title: 'Add Compression Policy',
    description: 'Compress chunks of a hypertable by themselves once they are old enough; set_compression first',
    input: z.object({ ...tableInput, after: age('The age of a chunk') }),
    output: doneOutput,
    hints: ENSURES,
    run: ({ after, ...asked }) =>
      changingTimescale(context, async (connection, { schema }) => {
        const { sql } = await findTable(connection, asked);
        await connection.query(
          `select ${schema}.add_compression_policy($1::regclass, compress_after => $2::${typeOf(after)}, if_not_exists => true)`,
          [sql, after],
        );
        return done(`Chunks of ${sql} are compressed once they are older than ${after}.`);
      }),
  });
  addTool(server, 'add_retention_policy', {
    title: 'Add Retention Policy',
    description: 'Delete chunks of a hypertable or continuous aggregate by themselves, for good, once they are old enough',
    input: z.object({ ...tableInput, after: age('The age of a chunk') }),
    output: doneOutput,
    hints: REMOVES,
    run: ({ after, ...asked }) =>
      changingTimescale(context, async (connection, { schema }) => {
        const { sql } = await findTable(connection, asked);
        await connection.query(`select ${schema}.add_retention_policy($1::regclass, drop_after => $2::${typeOf(after)}, if_not_exists => true)`, [
          sql,
          after,
        ]);
        return done(`Chunks of ${sql} are deleted once they are older than ${after}.`);
      }),
  });
  addRefreshPolicy(server, context);
  addTool(server, 'remove_policy', {
    title: 'Remove Policy',
    description: 'Remove the compression, retention or refresh policy of a hypertable or continuous aggregate; no error when there is none',
    input: z.object({ ...tableInput, policy: z.enum(['compression', 'retention', 'refresh']) }),
    output: doneOutput,
    hints: REMOVES,
    run: ({ policy, ...asked }) =>
      changingTimescale(context, async (connection, { schema }) => {
        const { sql } = await findTable(connection, asked);
        const call = policy === 'refresh' ? 'remove_continuous_aggregate_policy' : `remove_${policy}_policy`;
        // By place: what allows the policy to be missing has had two names.
        await connection.query(`select ${schema}.${call}($1::regclass, true)`, [sql]);
        return done(`${sql} has no ${policy} policy.`);
      }),
  });
}

function addRefreshPolicy(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'add_refresh_policy', {
    title: 'Add Refresh Policy',
    description: 'Refresh a continuous aggregate by itself',
    input: z.object({
      ...tableInput,
      startOffset: age('How far back each refresh goes').nullable().describe('How far back each refresh goes; null: to the beginning'),
      endOffset: age('How far from now each refresh stops').nullable().describe('How far from now each refresh stops; null: at the end'),
      every: z.string().describe("How often: '1 hour'"),
    }),
    output: doneOutput,
    hints: ENSURES,
    run: ({ startOffset, endOffset, every, ...asked }) =>
      changingTimescale(context, async (connection, { schema }) => {
        const { sql } = await findTable(connection, asked);
        const type = typeOf(startOffset ?? endOffset ?? '');
        await connection.query(
          `select ${schema}.add_continuous_aggregate_policy($1::regclass, start_offset => $2::${type}, end_offset => $3::${type}, schedule_interval => $4::interval, if_not_exists => true)`,
          [sql, startOffset, endOffset, every],
        );
        return done(`${sql} is refreshed every ${every}.`);
      }),
  });
}
