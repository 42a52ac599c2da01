import { reasonOf } from '../errors.js';
import { type Limiter, type LimiterOptions, limiterClass, makeLimiter } from './limiter.js';

/** Where counts are kept: in this process, or where several replicas see them. */
export interface RateStore {
  limiter(options: LimiterOptions): Promise<Limiter>;
  close(): Promise<void>;
}

export type StoreName = 'memory' | 'postgres' | 'redis';

/** Time for the store to answer, in milliseconds: a slow one must not make every request slow. */
export const STORE_MS = 1_000;
const TABLE = 'hearth_rate_limits';

interface PgModule {
  readonly default: { readonly Pool: new (options: Record<string, unknown>) => { end(): Promise<void>; on(event: 'error', on: () => void): void } };
}

interface RedisModule {
  readonly Redis: new (url: string, options: Record<string, unknown>) => { disconnect(): void; on(event: 'error', on: () => void): void };
}

/** @throws Error that names the package if it is missing */
export async function openStore(name: StoreName, url: string | undefined): Promise<RateStore> {
  if (name === 'memory') {
    const Memory = await limiterClass('RateLimiterMemory');
    return { limiter: async (options) => makeLimiter(Memory, options), close: async () => {} };
  }
  return name === 'postgres' ? openPostgres(url) : openRedis(url);
}

async function openPostgres(url: string | undefined): Promise<RateStore> {
  const { default: pg } = await optional<PgModule>('pg', 'postgres');
  const pool = new pg.Pool({ connectionString: url, max: 4, connectionTimeoutMillis: STORE_MS, query_timeout: STORE_MS, allowExitOnIdle: true });
  pool.on('error', () => {}); // an idle connection broke; the next query says so
  const Postgres = await limiterClass('RateLimiterPostgres');
  return {
    limiter: (options) =>
      new Promise((resolve, reject) => {
        const store = { storeClient: pool, storeType: 'pool', tableName: TABLE, clearExpiredByTimeout: true };
        const limiter = makeLimiter(Postgres, { ...options, store }, (error) => (error ? reject(error) : queueMicrotask(() => resolve(limiter))));
      }),
    close: () => pool.end(),
  };
}

async function openRedis(url: string | undefined): Promise<RateStore> {
  const { Redis } = await optional<RedisModule>('ioredis', 'redis');
  const client = new Redis(url ?? '', { enableOfflineQueue: false, maxRetriesPerRequest: 1, connectTimeout: STORE_MS, commandTimeout: STORE_MS });
  client.on('error', () => {}); // the next command says so
  const Class = await limiterClass('RateLimiterRedis');
  return {
    limiter: async (options) => makeLimiter(Class, { ...options, store: { storeClient: client } }),
    close: async () => client.disconnect(),
  };
}

async function optional<T>(name: string, store: StoreName): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    if (!reasonOf(error).includes(name)) throw error; // it is there, and something else is wrong
    throw new Error(`limits.rate.store "${store}" needs the package ${name}, which is not installed (npm install ${name}): ${reasonOf(error)}`);
  }
}
