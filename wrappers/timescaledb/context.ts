import type { Queryable } from '../shared/database.js';
import { ToolFault } from '../shared/faults.js';
import type { Keeper } from '../shared/keeper.js';
import type { Settings } from './settings.js';

/** What the tools work with. */
export interface TimescaleContext {
  readonly keeper: Keeper;
  readonly settings: Settings;
}

export interface Extension {
  readonly version: string;
  /** Where its functions live, quoted. */
  readonly schema: string;
}

/** Runs `work` in a read-only transaction with the time limit for reads. */
export function reading<T>({ keeper, settings }: TimescaleContext, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return keeper.use((database) =>
    database.transaction(async (tx) => {
      await tx.query(`select set_config('statement_timeout', $1, true)`, [String(settings.readLimitMs)]);
      return work(tx);
    }, 'read only'),
  );
}

/** Runs `work` in a read-only transaction. @throws ToolFault when the database has no TimescaleDB */
export function readingTimescale<T>(context: TimescaleContext, work: (tx: Queryable, extension: Extension) => Promise<T>): Promise<T> {
  return reading(context, async (tx) => work(tx, await requireExtension(tx)));
}

/** Runs `work` on one connection without a transaction around it: some of TimescaleDB's commands refuse to run in one. */
export function changingTimescale<T>({ keeper }: TimescaleContext, work: (connection: Queryable, extension: Extension) => Promise<T>): Promise<T> {
  return keeper.use((database) => database.alone(async (connection) => work(connection, await requireExtension(connection))));
}

export async function findExtension(database: Queryable): Promise<Extension | undefined> {
  // Asked each time, so that an extension that is created or updated meanwhile is noticed.
  const [row] = await database.query<Extension>(
    `select e.extversion as version, quote_ident(n.nspname) as schema
     from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'timescaledb'`,
  );
  return row;
}

async function requireExtension(database: Queryable): Promise<Extension> {
  const extension = await findExtension(database);
  if (extension !== undefined) return extension;
  throw new ToolFault(
    'This database has no TimescaleDB. Its administrator can add it with CREATE EXTENSION timescaledb (the server must have it installed and preloaded). timescale_health and run_select work without it.',
  );
}

/** Of functions that were renamed between versions, the first that this one has, with its schema. */
export async function firstFunction(database: Queryable, { schema, version }: Extension, names: readonly string[]): Promise<string> {
  const rows = await database.query<{ name: string }>(
    `select distinct p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where quote_ident(n.nspname) = $1 and p.proname = any($2::text[])`,
    [schema, names],
  );
  const found = names.find((name) => rows.some((row) => row.name === name));
  if (found === undefined) throw new ToolFault(`TimescaleDB ${version} has none of the functions ${names.join(', ')}. Its edition may lack them.`);
  return `${schema}.${found}`;
}
