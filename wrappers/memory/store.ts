import PQueue from 'p-queue';
import type { Database, Queryable } from '../shared/database.js';
import { ToolFault } from '../shared/faults.js';
import { Keeper, type KeeperOptions } from '../shared/keeper.js';
import { migrate, prepareTrigrams } from './migrations.js';

const MAX_WAITING_WRITES = 2_000;

/** The database of memories: who may write when, and what the database can do. */
export class Store {
  readonly #keeper: Keeper;
  /** Writers of one namespace take turns in the database; here they do so without each holding a connection meanwhile. */
  readonly #writes = new PQueue({ concurrency: 1 });
  #trigrams: string | undefined;

  constructor(options: Omit<KeeperOptions, 'prepare'>) {
    const prepare = async (database: Database): Promise<void> => {
      await migrate(database, options.log);
      this.#trigrams = await prepareTrigrams(database, options.log);
    };
    this.#keeper = new Keeper({ ...options, prepare });
  }

  /** The schema of pg_trgm's functions, quoted; undefined when the database has none. */
  get trigrams(): string | undefined {
    return this.#trigrams;
  }

  read<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return this.#keeper.use(work);
  }

  /** Runs `work` as the only writer of the namespace, whole or not at all; it is stored when this resolves. */
  async write<T>(namespace: string, work: (tx: Queryable) => Promise<T>): Promise<T> {
    if (this.#writes.size >= MAX_WAITING_WRITES) {
      throw new ToolFault(`${MAX_WAITING_WRITES} writes are waiting already. Nothing was changed. Call again later.`);
    }
    return this.#writes.add(() =>
      this.#keeper.use((database) =>
        database.transaction(async (tx) => {
          // Taking turns by namespace, across programs as well, leaves no deadlock and no half-seen graph to reason about.
          await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 7503))', [namespace]);
          return work(tx);
        }),
      ),
    );
  }

  async close(): Promise<void> {
    await this.#writes.onIdle();
    await this.#keeper.close();
  }
}
