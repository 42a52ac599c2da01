import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Queryable } from '../shared/database.js';
import { ToolFault } from '../shared/faults.js';
import { addTool, ENSURES, REMOVES } from '../shared/tool.js';
import { changingTimescale, type TimescaleContext } from './context.js';
import { columnsOf, findColumn, findTable, isInteger, literal, tableInput } from './identifiers.js';
import { plainRows, rowsOutput } from './rows.js';
import { findHypertable } from './tools-catalog.js';

export const doneOutput = z.object({ done: z.boolean(), message: z.string() });

export function done(message: string): { data: { done: boolean; message: string }; text: string } {
  return { data: { done: true, message }, text: message };
}

/** Hypertables and their chunks. */
export function addHypertableTools(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'create_hypertable', {
    title: 'Create Hypertable',
    description: 'Make a hypertable of a plain table, partitioned by ranges of its time column and optionally by a hash of another',
    input: z.object({
      ...tableInput,
      timeColumn: z.string(),
      chunkInterval: z
        .string()
        .describe("The range of one chunk: '7 days'; a whole number for integer time; TimescaleDB's default without it")
        .optional(),
      hashColumn: z.string().describe('Also partition by a hash of this column').optional(),
      hashPartitions: z.number().int().min(2).max(1_000).describe('Into so many; 4 without it').optional(),
      migrateData: z.boolean().describe('The table has rows: move them into chunks (locks the table meanwhile)').optional(),
    }),
    output: doneOutput,
    hints: ENSURES,
    run: ({ timeColumn, chunkInterval, hashColumn, hashPartitions = 4, migrateData = false, ...asked }) =>
      changingTimescale(context, async (connection, { schema }) => {
        const table = await findTable(connection, asked);
        const columns = await columnsOf(connection, table);
        const time = findColumn(columns, table, timeColumn);
        const hash = hashColumn === undefined ? undefined : findColumn(columns, table, hashColumn);
        const range = chunkInterval === undefined ? '' : `, $4::${isInteger(time) ? 'bigint' : 'interval'}`;
        await connection.query(
          `select ${schema}.create_hypertable($1::regclass, ${schema}.by_range($2::name${range}), if_not_exists => true, migrate_data => $3::boolean)`,
          [table.sql, time.name, migrateData, ...(chunkInterval === undefined ? [] : [chunkInterval])],
        );
        if (hash !== undefined) {
          await connection.query(`select ${schema}.add_dimension($1::regclass, ${schema}.by_hash($2::name, $3::int), if_not_exists => true)`, [
            table.sql,
            hash.name,
            hashPartitions,
          ]);
        }
        return done(`${table.sql} is a hypertable by ${time.name}${hash === undefined ? '' : ` and ${hashPartitions} hashes of ${hash.name}`}.`);
      }),
  });
  addDropChunks(server, context);
}

function addDropChunks(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'drop_chunks', {
    title: 'Drop Chunks',
    description: 'Delete whole chunks of a hypertable, and the data in them for good. Without confirm it only lists what it would delete',
    input: z.object({
      ...tableInput,
      olderThan: z
        .string()
        .describe("Chunks that end before this: a time ('2026-01-01') or an age ('90 days'); a whole number for integer time")
        .optional(),
      newerThan: z.string().describe('Chunks that begin after this; as olderThan').optional(),
      confirm: z.boolean().describe('Really delete').optional(),
    }),
    output: rowsOutput.extend({ deleted: z.boolean() }),
    hints: REMOVES,
    run: ({ olderThan, newerThan, confirm = false, ...asked }) =>
      changingTimescale(context, async (connection, { schema }) => {
        if (olderThan === undefined && newerThan === undefined) throw new ToolFault('Say which chunks: olderThan, newerThan, or both.');
        const table = await findHypertable(connection, asked);
        const bounds = Object.entries({ older_than: olderThan, newer_than: newerThan }).filter(
          (entry): entry is [string, string] => entry[1] !== undefined,
        );
        const args = bounds.map(([name, bound], index) => `, ${name} => $${index + 2}::${boundType(bound)}`).join('');
        const call = confirm ? 'drop_chunks' : 'show_chunks';
        const rows = await connection.query<{ chunk: string }>(`select c::text as chunk from ${schema}.${call}($1::regclass${args}) c`, [
          table.sql,
          ...bounds.map(([, bound]) => bound),
        ]);
        return { data: { ...plainRows(rows, 10_000), deleted: confirm } };
      }),
  });
}

/** A whole number is integer time, something that begins with a year is a time, everything else an age. */
function boundType(bound: string): string {
  if (/^\d+$/.test(bound)) return 'bigint';
  return /^\d{4}-/.test(bound) ? 'timestamptz' : 'interval';
}

/** Columnstore: settings, and single chunks. */
export function addCompressionTools(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'set_compression', {
    title: 'Set Compression',
    description:
      'Switch compression of a hypertable on, with its segment-by and order-by columns. Chunks are compressed by compress_chunk or a policy',
    input: z.object({
      ...tableInput,
      segmentBy: z.array(z.string()).max(20).describe('Columns that queries filter by').optional(),
      orderBy: z
        .array(z.object({ column: z.string(), descending: z.boolean().optional() }))
        .max(20)
        .optional(),
    }),
    output: doneOutput,
    hints: ENSURES,
    run: ({ segmentBy = [], orderBy = [], ...asked }) =>
      changingTimescale(context, async (connection) => {
        const table = await findHypertable(connection, asked);
        const columns = await columnsOf(connection, table);
        const segments = segmentBy.map((name) => findColumn(columns, table, name).sql).join(', ');
        const orders = orderBy
          .map(({ column, descending }) => `${findColumn(columns, table, column).sql}${descending === true ? ' desc' : ''}`)
          .join(', ');
        const options = [
          'timescaledb.compress = true',
          ...(segments === '' ? [] : [`timescaledb.compress_segmentby = ${literal(segments)}`]),
          ...(orders === '' ? [] : [`timescaledb.compress_orderby = ${literal(orders)}`]),
        ];
        await connection.query(`alter table ${table.sql} set (${options.join(', ')})`);
        return done(`Compression of ${table.sql} is on.`);
      }),
  });
  addChunkCompression(server, context);
}

function addChunkCompression(server: McpServer, context: TimescaleContext): void {
  const input = z.object({
    chunk: z.string().describe('The name of the chunk, as list_chunks has it'),
    schema: z.string().describe('_timescaledb_internal without it').optional(),
  });
  const run = (call: string, option: string, message: string) => (asked: z.output<typeof input>) =>
    changingTimescale(context, async (connection, { schema }) => {
      const chunk = await findChunk(connection, asked.schema ?? '_timescaledb_internal', asked.chunk);
      await connection.query(`select ${schema}.${call}($1::regclass, ${option} => true)`, [chunk]);
      return done(`${chunk} is ${message}.`);
    });
  addTool(server, 'compress_chunk', {
    title: 'Compress Chunk',
    description: 'Compress one chunk; no error when it is compressed',
    input,
    output: doneOutput,
    hints: ENSURES,
    run: run('compress_chunk', 'if_not_compressed', 'compressed'),
  });
  addTool(server, 'decompress_chunk', {
    title: 'Decompress Chunk',
    description: 'Decompress one chunk; no error when it is not compressed',
    input,
    output: doneOutput,
    hints: ENSURES,
    run: run('decompress_chunk', 'if_compressed', 'not compressed'),
  });
}

async function findChunk(connection: Queryable, schema: string, name: string): Promise<string> {
  const [row] = await connection.query<{ sql: string }>(
    `select format('%I.%I', chunk_schema, chunk_name) as sql from timescaledb_information.chunks where chunk_schema = $1 and chunk_name = $2`,
    [schema, name],
  );
  if (row === undefined) throw new ToolFault(`There is no chunk '${name}' in the schema '${schema}'. list_chunks names them.`);
  return row.sql;
}
