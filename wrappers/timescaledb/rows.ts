import { z } from 'zod';

/** What one answer may weigh, so that one wide row too many does not flood a model. */
const MAX_TEXT = 1_000_000;

export type PlainRow = Record<string, unknown>;

export const rowSchema = z.record(z.string(), z.unknown());
export const rowsOutput = z.object({
  rows: z.array(rowSchema),
  truncated: z.boolean().describe('There are more rows than were asked for, or than fit'),
});

/** Takes at most `limit` rows of what JSON can carry. */
export function plainRows(rows: readonly object[], limit: number): { rows: PlainRow[]; truncated: boolean } {
  const kept: PlainRow[] = [];
  let size = 0;
  for (const row of rows) {
    const next = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
    size += JSON.stringify(next).length;
    if (kept.length >= limit || size > MAX_TEXT) return { rows: kept, truncated: true };
    kept.push(next);
  }
  return { rows: kept, truncated: false };
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(plain);
  // pg's intervals.
  if (typeof value === 'object' && value !== null && 'toPostgres' in value && typeof value.toPostgres === 'function') return value.toPostgres();
  return value;
}
