import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PGlite, Transaction } from '@electric-sql/pglite';
import type { Database, Open, Queryable } from './database.js';
import { messageOf, ToolFault } from './faults.js';
import { lockFolder } from './folder-lock.js';

const CLOSE_LIMIT_MS = 2_000;
/** Its default of 128 MB is all resident; a graph of memories needs none of that. */
const SMALL = ['-c', 'shared_buffers=16MB'];

/** PostgreSQL embedded in this program, in a folder of its own. One program at a time; a lock tells the others. */
export function embedded(folder: string): Open {
  return async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw new ToolFault(
        `the data folder cannot be made (${messageOf(error)}). Set MEMORY_DIR to one that can be written, or DATABASE_URL to a PostgreSQL`,
      );
    });
    const lock = await lockFolder(folder);
    try {
      // Loaded only when needed: it is 20 MB of WebAssembly.
      const [{ PGlite }, { pg_trgm }] = await Promise.all([import('@electric-sql/pglite'), import('@electric-sql/pglite/contrib/pg_trgm')]);
      const startParams = [...PGlite.defaultStartParams, ...SMALL];
      const lite = await PGlite.create({ dataDir: join(folder, 'pgdata'), extensions: { pg_trgm }, startParams });
      return fromPglite(lite, lock.release);
    } catch (error) {
      await lock.release();
      throw error;
    }
  };
}

function fromPglite(lite: PGlite, release: () => Promise<void>): Database {
  return {
    kind: 'pglite',
    connections: { total: 1, idle: 1, waiting: 0 },
    query: (sql, values) => queryable(lite).query(sql, values),
    alone: (work) => work(queryable(lite)),
    transaction: (work, mode) =>
      lite.transaction(async (tx) => {
        if (mode) await tx.exec(`set transaction ${mode}`);
        return work(queryable(tx));
      }),
    close: async () => {
      // An instance that has aborted may never close; the folder has to be given back all the same.
      await Promise.race([lite.close().catch(() => undefined), delay(CLOSE_LIMIT_MS, undefined, { ref: false })]);
      await release();
    },
  };
}

function queryable(source: PGlite | Transaction): Queryable {
  return { query: async <R extends object>(sql: string, values: readonly unknown[] = []) => (await source.query<R>(sql, [...values])).rows };
}
