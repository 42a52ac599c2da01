import { z } from 'zod';
import { ToolFault } from '../shared/faults.js';
import { type Column, findColumn, isInteger, newName, quote, type Table } from './identifiers.js';

const FUNCTIONS = ['avg', 'sum', 'min', 'max', 'count', 'stddev', 'first', 'last'] as const;
const OPERATORS = ['=', '<>', '<', '<=', '>', '>=', 'like', 'in', 'not in', 'is null', 'is not null'] as const;
const scalar = z.union([z.string(), z.number(), z.boolean()]);

export const aggregateSchema = z.object({
  function: z.enum(FUNCTIONS),
  column: z.string().describe('The column; only count works without one').optional(),
  as: newName.describe('The name of the result; <function>_<column> without it').optional(),
});

export const filterSchema = z.object({
  column: z.string(),
  operator: z.enum(OPERATORS),
  value: z
    .union([scalar, z.array(scalar).max(1_000)])
    .describe('What to compare with; a list for in and not in; none for is null')
    .optional(),
});

export type Aggregate = z.output<typeof aggregateSchema>;
export type Filter = z.output<typeof filterSchema>;
export type Gapfill = 'none' | 'null' | 'locf' | 'interpolate';

/** Names and columns of one query, all of the catalog. */
export interface Source {
  readonly table: Table;
  readonly columns: readonly Column[];
  readonly time: Column;
  /** Where TimescaleDB's functions live, quoted. */
  readonly extension: string;
}

/** Collects values; what goes into the text is their number. */
export class Values {
  readonly list: unknown[] = [];

  /** @returns the placeholder, cast to the type, which comes from the catalog or from this code */
  add(value: unknown, type: string): string {
    this.list.push(value);
    return `$${this.list.length}::${type}`;
  }
}

export function bucketOf({ time, extension }: Source, interval: string): (place: (value: unknown, type: string) => string) => string {
  const type = isInteger(time) ? time.type : 'interval';
  if (type !== 'interval' && !/^\d+$/.test(interval))
    throw new ToolFault(`The time column ${time.name} is of type ${time.type}: the interval is a whole number of its unit.`);
  return (place) => `${extension}.time_bucket(${place(interval, type)}, ${time.sql})`;
}

/** @returns the expression and the name of its result */
export function aggregateSql(source: Source, aggregate: Aggregate, gapfill: Gapfill): { sql: string; name: string } {
  const column = aggregate.column === undefined ? undefined : findColumn(source.columns, source.table, aggregate.column);
  const name =
    aggregate.as ??
    (column === undefined ? aggregate.function : newName.parse(`${aggregate.function}_${column.name}`.replace(/\W/g, '_').slice(0, 63)));
  if (column === undefined && aggregate.function !== 'count') throw new ToolFault(`The aggregate ${aggregate.function} needs a column.`);
  // Interpolation knows floats, but no numeric, which averages of integers are.
  const value = column === undefined ? '*' : gapfill === 'interpolate' && aggregate.function !== 'count' ? `${column.sql}::float8` : column.sql;
  const inner = ['first', 'last'].includes(aggregate.function)
    ? `${source.extension}.${aggregate.function}(${value}, ${source.time.sql})`
    : `${aggregate.function}(${value})`;
  const sql = gapfill === 'locf' || gapfill === 'interpolate' ? `${source.extension}.${gapfill}(${inner})` : inner;
  return { sql: `${sql} as ${quote(name)}`, name };
}

export function filterSql(source: Source, filter: Filter, values: Values): string {
  const column = findColumn(source.columns, source.table, filter.column);
  const { operator, value } = filter;
  if (operator === 'is null' || operator === 'is not null') return `${column.sql} ${operator}`;
  if (value === undefined) throw new ToolFault(`The filter on '${column.name}' needs a value for the operator '${operator}'.`);
  const isList = operator === 'in' || operator === 'not in';
  if (isList !== Array.isArray(value))
    throw new ToolFault(`The filter on '${column.name}' needs ${isList ? 'a list' : 'one value'} for the operator '${operator}'.`);
  if (Array.isArray(value)) {
    const list = values.add(value.map(String), 'text[]');
    return `${column.sql} ${operator === 'in' ? '= any' : '<> all'} ((${list})::${column.type}[])`;
  }
  if (operator === 'like') return `${column.sql}::text like ${values.add(String(value), 'text')}`;
  return `${column.sql} ${operator} ${values.add(String(value), column.type)}`;
}
