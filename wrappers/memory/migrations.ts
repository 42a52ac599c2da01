import type { Database, Queryable } from '../shared/database.js';
import { codeOf, messageOf, ToolFault } from '../shared/faults.js';
import type { Log } from '../shared/log.js';

/** Any number that no other program is likely to lock. */
const LOCK = 7_503_197_301;

/** What one step does, in order. A step that has been released never changes; a later one corrects it. */
const STEPS: readonly (readonly string[])[] = [
  [
    `create table hearth_memory.entities (
       id bigint generated always as identity primary key,
       namespace text not null, name text not null, type text not null,
       name_folded text not null, type_folded text not null,
       created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
       unique (namespace, name))`,
    `create table hearth_memory.observations (
       id bigint generated always as identity primary key,
       entity_id bigint not null references hearth_memory.entities on delete cascade,
       content text not null, folded text not null,
       created_at timestamptz not null default now())`,
    'create index observations_entity on hearth_memory.observations (entity_id, id)',
    // A tsvector holds 1 MB at most; a longer observation is found by its beginning.
    `create index observations_words on hearth_memory.observations using gin (to_tsvector('simple', left(folded, 100000)))`,
    `create table hearth_memory.relations (
       id bigint generated always as identity primary key,
       namespace text not null, source text not null, target text not null, type text not null,
       created_at timestamptz not null default now(),
       unique (namespace, source, target, type))`,
    'create index relations_target on hearth_memory.relations (namespace, target)',
  ],
];

export const SCHEMA_VERSION = STEPS.length;

/** Brings the schema up to date. Several programs may start at once: one migrates, the others wait for it. */
export async function migrate(database: Database, log: Log): Promise<void> {
  const from = await database.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await createSchema(tx);
    const [row] = await tx.query<{ version: number }>('select coalesce(max(version), 0)::int as version from hearth_memory.migrations');
    const version = row?.version ?? 0;
    if (version > SCHEMA_VERSION) {
      throw new ToolFault(`its schema is version ${version}, made by a newer hearth-memory; this one knows up to ${SCHEMA_VERSION}: update it`);
    }
    for (const [index, statements] of STEPS.entries()) if (index >= version) await apply(tx, index + 1, statements);
    return version;
  });
  if (from < SCHEMA_VERSION) log(`schema brought from version ${from} to ${SCHEMA_VERSION}`);
}

async function createSchema(tx: Queryable): Promise<void> {
  // Asked first: creating needs a right on the database that a plain user of a prepared schema has not.
  const [found] = await tx.query(`select 1 from pg_namespace where nspname = 'hearth_memory'`);
  if (found === undefined) await tx.query('create schema hearth_memory');
  await tx.query('create table if not exists hearth_memory.migrations (version int primary key, applied_at timestamptz not null default now())');
}

async function apply(tx: Queryable, version: number, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await tx.query(statement);
  await tx.query('insert into hearth_memory.migrations (version) values ($1)', [version]);
}

/**
 * Makes pg_trgm ready where it can be had: for near spellings, and for substring search by index.
 * @returns the schema in which its functions live, quoted; undefined without it
 */
export async function prepareTrigrams(database: Database, log: Log): Promise<string | undefined> {
  try {
    return await database.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [LOCK]);
      const [found] = await tx.query(`select 1 from pg_extension where extname = 'pg_trgm'`);
      if (found === undefined) await tx.query('create extension pg_trgm');
      const [row] = await tx.query<{ schema: string }>(
        `select quote_ident(n.nspname) as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_trgm'`,
      );
      const schema = row?.schema ?? 'public';
      for (const [name, place] of Object.entries(TRIGRAM_INDEXES)) {
        const [index] = await tx.query(`select 1 from pg_indexes where schemaname = 'hearth_memory' and indexname = $1`, [name]);
        if (index === undefined) await tx.query(`create index ${name} on hearth_memory.${place} ${schema}.gin_trgm_ops)`);
      }
      return schema;
    });
  } catch (error) {
    // Without the extension everything works, near spellings excepted; any other failure is one of the database.
    if (!['0A000', '42501', '58P01', '42704', 'F0000'].includes(codeOf(error) ?? '')) throw error;
    log(`pg_trgm is not to be had (${messageOf(error)}): ranked search finds words, but no near spellings`);
    return undefined;
  }
}

const TRIGRAM_INDEXES = {
  observations_trigrams: 'observations using gin (folded',
  entities_trigrams: 'entities using gin (name_folded',
};
