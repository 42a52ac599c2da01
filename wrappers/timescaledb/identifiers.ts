import pg from 'pg';
import { z } from 'zod';
import type { Queryable } from '../shared/database.js';
import { ToolFault } from '../shared/faults.js';

/** A relation that the catalog knows. */
export interface Table {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** Schema and name, quoted: for SQL, and as the text of a `regclass`. */
  readonly sql: string;
}

export interface Column {
  readonly name: string;
  readonly type: string;
  /** Quoted. */
  readonly sql: string;
}

export const tableInput = {
  table: z.string().min(1).describe('The name of the table, without its schema'),
  schema: z.string().min(1).describe('The schema of the table; found by the search path without it').optional(),
};

/** A name for something new: what every tool can show and type. */
export const newName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'letters, digits and underscores, at most 63, no digit first');

export function quote(name: string): string {
  return pg.escapeIdentifier(name);
}

/** For statements that take no parameters; only ever of what the catalog or the database itself has spelled. */
export function literal(text: string): string {
  return pg.escapeLiteral(text);
}

/** @throws ToolFault when there is no such relation, or the user may not see it */
export async function findTable(database: Queryable, asked: { table: string; schema?: string | undefined }): Promise<Table> {
  const [row] = await database.query<{ oid: string; schema: string; name: string }>(
    `select c.oid::text, n.nspname::text as schema, c.relname::text as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relname = $1
       and (n.nspname = $2 or ($2::text is null and pg_table_is_visible(c.oid))) limit 1`,
    [asked.table, asked.schema ?? null],
  );
  if (row === undefined) {
    const place = asked.schema === undefined ? 'on the search path; name its schema' : `in the schema '${asked.schema}'`;
    throw new ToolFault(`There is no table or view '${asked.table}' ${place}. list_hypertables names the hypertables.`);
  }
  return { ...row, sql: `${quote(row.schema)}.${quote(row.name)}` };
}

export async function columnsOf(database: Queryable, table: Table): Promise<Column[]> {
  const rows = await database.query<{ name: string; type: string }>(
    `select attname::text as name, format_type(atttypid, atttypmod) as type
     from pg_attribute where attrelid = $1::oid and attnum > 0 and not attisdropped order by attnum`,
    [table.oid],
  );
  return rows.map((row) => ({ ...row, sql: quote(row.name) }));
}

/** @throws ToolFault that names the columns there are */
export function findColumn(columns: readonly Column[], table: Table, name: string): Column {
  const column = columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  throw new ToolFault(`${table.sql} has no column '${name}'. It has: ${columns.map((candidate) => candidate.name).join(', ')}.`);
}

/** Integer time is measured in its own unit, so intervals and bounds of it are whole numbers. */
export function isInteger({ type }: Column): boolean {
  return ['smallint', 'integer', 'bigint'].includes(type);
}

/** @returns the column that a hypertable is partitioned by; undefined for anything else */
export async function timeColumnOf(database: Queryable, table: Table): Promise<string | undefined> {
  const [row] = await database.query<{ name: string }>(
    `select column_name::text as name from timescaledb_information.dimensions
     where hypertable_schema = $1 and hypertable_name = $2 and dimension_number = 1`,
    [table.schema, table.name],
  );
  return row?.name;
}
