import pg from 'pg';
import type { Address } from './address.js';
import type { Database, Open, Queryable } from './database.js';
import { isConnectionError, messageOf, ToolFault, Unavailable } from './faults.js';

const CONNECT_LIMIT_MS = 5_000;
const POOL_WAIT_MS = 20_000;
const MAX_WAITING = 1_000;

export interface PoolOptions {
  readonly max: number;
  /** The server's own limit for one statement. */
  readonly statementLimitMs: number;
  readonly applicationName: string;
}

/** A pool of connections to a PostgreSQL server. */
export function postgres(address: Address, options: PoolOptions): Open {
  return async (onTrouble) => {
    await reach(address, options);
    const pool = new pg.Pool({
      ...clientOptions(address, options),
      max: options.max,
      idleTimeoutMillis: 30_000,
      // Waiting for a free connection counts, too: it has to be longer than what a busy moment takes.
      connectionTimeoutMillis: POOL_WAIT_MS,
    });
    pool.on('error', onTrouble);
    return fromPool(pool, address);
  };
}

function clientOptions(address: Address, options: PoolOptions): pg.ClientConfig {
  return {
    connectionString: address.url,
    application_name: options.applicationName,
    statement_timeout: options.statementLimitMs,
    // A server that has gone without a word never cancels anything itself.
    query_timeout: options.statementLimitMs + 5_000,
    idle_in_transaction_session_timeout: options.statementLimitMs + 5_000,
    keepAlive: true,
    types: { getTypeParser: parserOf },
  };
}

const BIGINT = 20;
const NUMERIC = 1700;
/** Every decimal number of so many digits is exactly what JavaScript gives back. */
const EXACT_DIGITS = 15;

/** pg's own parsers, but big numbers are numbers as long as JavaScript can hold them, and text only beyond. */
const parserOf: typeof pg.types.getTypeParser = (type: number, format?: 'text' | 'binary') =>
  (type === BIGINT || type === NUMERIC) && format !== 'binary' ? numberOrText : pg.types.getTypeParser(type, format ?? 'text');

function numberOrText(text: string): number | string {
  const digits = text
    .replace(/^-/, '')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace('.', '')
    .replace(/^0+/, '');
  return /^\d*$/.test(digits) && digits.length <= EXACT_DIGITS ? Number(text) : text;
}

/** Asks for one connection with a limit of its own, so that a dead server is told from a busy pool. */
async function reach(address: Address, options: PoolOptions): Promise<void> {
  const client = new pg.Client({ ...clientOptions(address, options), connectionTimeoutMillis: CONNECT_LIMIT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => undefined);
  }
}

function fromPool(pool: pg.Pool, address: Address): Database {
  const withClient = async <T>(work: (client: Queryable) => Promise<T>): Promise<T> => {
    const client = await checkOut(pool, address);
    let broken: Error | undefined;
    // Without a listener, a connection that breaks in the middle of a query would end the program.
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError);
    try {
      return await work({ query: (sql, values) => query(client, sql, values) });
    } catch (error) {
      if (isConnectionError(error)) broken = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.removeListener('error', onError);
      client.release(broken);
    }
  };
  return {
    kind: 'postgres',
    get connections() {
      return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
    },
    query: (sql, values) => withClient((client) => client.query(sql, values)),
    alone: withClient,
    transaction: (work, mode = '') => withClient((client) => inTransaction(client, work, mode)),
    close: () => pool.end(),
  };
}

async function query<R extends object>(client: pg.PoolClient, text: string, values: readonly unknown[] = []): Promise<R[]> {
  // The extended protocol takes one statement at a time: a text with a second one smuggled in is refused by the server.
  const config = { text, values: [...values], queryMode: 'extended' };
  return (await client.query<R>(config)).rows;
}

async function checkOut(pool: pg.Pool, address: Address): Promise<pg.PoolClient> {
  if (pool.waitingCount >= MAX_WAITING)
    throw new ToolFault(`${MAX_WAITING} calls are waiting for the database already. Nothing was changed. Call again later.`);
  try {
    return await pool.connect();
  } catch (error) {
    if (messageOf(error).includes('timeout exceeded when trying to connect')) {
      throw new ToolFault(
        `All ${pool.options.max} connections to the database were in use for ${POOL_WAIT_MS / 1000} s. Nothing was changed. Call again later.`,
      );
    }
    throw new Unavailable(
      address.redact(`The database at ${address.label} cannot be reached (${messageOf(error)}). Nothing was changed. Call again in a few seconds.`),
      {
        cause: error,
      },
    );
  }
}

async function inTransaction<T>(client: Queryable, work: (tx: Queryable) => Promise<T>, mode: string): Promise<T> {
  await client.query(`begin ${mode}`);
  try {
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    // A broken connection has rolled back by itself, and must not hide the first error.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
