import { codeOf, ToolFault } from '../shared/faults.js';
import type { TimescaleContext } from './context.js';
import { type PlainRow, plainRows } from './rows.js';

/**
 * One SELECT, read-only, limited in time and rows. A cursor takes nothing but a SELECT, and the extended protocol takes
 * nothing but one statement. What a function of it may have left on the connection is rolled back or discarded.
 */
export async function runSelect(
  { keeper, settings }: TimescaleContext,
  sql: string,
  params: ReadonlyArray<string | number | boolean | null>,
  limit: number,
): Promise<{ rows: PlainRow[]; truncated: boolean }> {
  const statement = sql.trim().replace(/;+\s*$/, '');
  return keeper.use((database) =>
    database.alone(async (connection) => {
      await connection.query('begin transaction read only');
      try {
        await connection.query(`select set_config('statement_timeout', $1, true)`, [String(settings.readLimitMs)]);
        await connection.query(`declare hearth_rows no scroll cursor for ${statement}`, params).catch(explainDeclare);
        return plainRows(await connection.query<object>(`fetch ${limit + 1} from hearth_rows`), limit);
      } finally {
        await connection.query('rollback').catch(() => undefined);
        await connection.query('discard all').catch(() => undefined);
      }
    }),
  );
}

function explainDeclare(error: unknown): never {
  const text = error instanceof Error ? error.message : String(error);
  // Everything that is no SELECT is a syntax error to the cursor, and several statements are refused by the protocol.
  if (codeOf(error) === '42601') throw new ToolFault(`run_select takes one SELECT, WITH … SELECT or VALUES, and nothing else: ${text}.`);
  throw error;
}
