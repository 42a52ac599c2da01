import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Queryable } from '../shared/database.js';
import { ToolFault } from '../shared/faults.js';
import { addTool, READS } from '../shared/tool.js';
import { type Extension, firstFunction, readingTimescale, type TimescaleContext } from './context.js';
import { columnsOf, findTable, type Table, tableInput } from './identifiers.js';
import { plainRows, rowSchema, rowsOutput } from './rows.js';

const SETTINGS =
  'select to_jsonb(c) as row from timescaledb_information.compression_settings c where hypertable_schema = $1 and hypertable_name = $2';
const limitInput = { limit: z.number().int().min(1).max(1_000).describe('At most so many; 100 without it').optional() };

/** Hypertables and chunks, as TimescaleDB's catalog has them. */
export function addCatalogTools(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'list_hypertables', {
    title: 'List Hypertables',
    description: 'List hypertables with their dimensions, chunks, size in bytes and approximate row count',
    input: z.object({ schema: z.string().describe('Only those of this schema').optional(), ...limitInput }),
    output: rowsOutput,
    hints: READS,
    run: ({ schema, limit = 100 }) =>
      readingTimescale(context, async (tx, extension) => {
        const rows = await tx.query<{ row: object }>(
          `select to_jsonb(h) || jsonb_build_object('size_bytes', ${extension.schema}.hypertable_size(t.name), 'approximate_rows', ${extension.schema}.approximate_row_count(t.name)) as row
           from timescaledb_information.hypertables h cross join lateral (select format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass as name) t
           where $1::text is null or h.hypertable_schema = $1 order by h.hypertable_schema, h.hypertable_name limit $2`,
          [schema ?? null, limit + 1],
        );
        return {
          data: plainRows(
            rows.map(({ row }) => row),
            limit,
          ),
        };
      }),
  });
  addTool(server, 'describe_hypertable', {
    title: 'Describe Hypertable',
    description: 'Describe one hypertable: columns, dimensions, indexes, sizes, compression settings, approximate row count',
    input: z.object(tableInput),
    output: z.object({
      table: z.string(),
      hypertable: rowSchema,
      columns: z.array(rowSchema),
      dimensions: z.array(rowSchema),
      indexes: z.array(rowSchema),
      sizes: z.array(rowSchema),
      compressionSettings: z.array(rowSchema),
      approximateRows: z.number(),
    }),
    hints: READS,
    run: (asked) => readingTimescale(context, async (tx, extension) => ({ data: await describe(tx, extension, await findHypertable(tx, asked)) })),
  });
  addChunkTools(server, context);
}

/** @throws ToolFault when it is no hypertable */
export async function findHypertable(database: Queryable, asked: { table: string; schema?: string | undefined }): Promise<Table> {
  const table = await findTable(database, asked);
  const [found] = await database.query('select 1 from timescaledb_information.hypertables where hypertable_schema = $1 and hypertable_name = $2', [
    table.schema,
    table.name,
  ]);
  if (found === undefined) throw new ToolFault(`${table.sql} is no hypertable. list_hypertables names those there are.`);
  return table;
}

async function describe(tx: Queryable, { schema }: Extension, table: Table) {
  const named = [table.schema, table.name];
  const rowsOf = async (sql: string, values: readonly unknown[]) =>
    (await tx.query<{ row: Record<string, unknown> }>(sql, values)).map(({ row }) => row);
  const columns = await columnsOf(tx, table);
  const [hypertable] = await rowsOf(
    'select to_jsonb(h) as row from timescaledb_information.hypertables h where hypertable_schema = $1 and hypertable_name = $2',
    named,
  );
  const [count] = await tx.query<{ n: number }>(`select ${schema}.approximate_row_count($1::regclass)::float8 as n`, [table.sql]);
  // Announced to go in favour of another view; to describe the rest is better than to fail.
  const [settings] = await tx.query<{ known: boolean }>(`select to_regclass('timescaledb_information.compression_settings') is not null as known`);
  return {
    table: table.sql,
    hypertable: hypertable ?? {},
    columns: columns.map(({ name, type }) => ({ name, type })),
    dimensions: await rowsOf(
      'select to_jsonb(d) as row from timescaledb_information.dimensions d where hypertable_schema = $1 and hypertable_name = $2 order by dimension_number',
      named,
    ),
    indexes: await rowsOf(
      `select jsonb_build_object('name', indexname, 'definition', indexdef) as row from pg_indexes where schemaname = $1 and tablename = $2`,
      named,
    ),
    sizes: await rowsOf(`select to_jsonb(s) as row from ${schema}.hypertable_detailed_size($1::regclass) s`, [table.sql]),
    compressionSettings: settings?.known === true ? await rowsOf(SETTINGS, named) : [],
    approximateRows: count?.n ?? 0,
  };
}

function addChunkTools(server: McpServer, context: TimescaleContext): void {
  addTool(server, 'list_chunks', {
    title: 'List Chunks',
    description: 'List the chunks of a hypertable, newest first, with their ranges, sizes and whether they are compressed',
    input: z.object({
      ...tableInput,
      from: z.string().describe('Only chunks that end after this time').optional(),
      to: z.string().describe('Only chunks that begin before this time').optional(),
      ...limitInput,
    }),
    output: rowsOutput,
    hints: READS,
    run: ({ from, to, limit = 100, ...asked }) =>
      readingTimescale(context, async (tx, { schema }) => {
        const table = await findHypertable(tx, asked);
        const rows = await tx.query<{ row: object }>(
          `select to_jsonb(c) || jsonb_build_object('total_bytes', s.total_bytes) as row
           from timescaledb_information.chunks c
           left join ${schema}.chunks_detailed_size($1::regclass) s on s.chunk_schema = c.chunk_schema and s.chunk_name = c.chunk_name
           where c.hypertable_schema = $2 and c.hypertable_name = $3
             and ($4::timestamptz is null or c.range_end > $4::timestamptz) and ($5::timestamptz is null or c.range_start < $5::timestamptz)
           order by c.range_start desc nulls last, c.range_start_integer desc nulls last limit $6`,
          [table.sql, table.schema, table.name, from ?? null, to ?? null, limit + 1],
        );
        return {
          data: plainRows(
            rows.map(({ row }) => row),
            limit,
          ),
        };
      }),
  });
  addTool(server, 'compression_stats', {
    title: 'Compression Stats',
    description: 'How much compression saves for a hypertable: bytes before and after, compressed chunks of all',
    input: z.object(tableInput),
    output: rowsOutput,
    hints: READS,
    run: (asked) =>
      readingTimescale(context, async (tx, extension) => {
        const table = await findHypertable(tx, asked);
        const stats = await firstFunction(tx, extension, ['hypertable_columnstore_stats', 'hypertable_compression_stats']);
        const rows = await tx.query<{ row: object }>(`select to_jsonb(s) as row from ${stats}($1::regclass) s`, [table.sql]);
        return {
          data: plainRows(
            rows.map(({ row }) => row),
            100,
          ),
        };
      }),
  });
}
