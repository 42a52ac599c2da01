import type { Database, Open } from './database.js';
import { isConnectionError, messageOf, ToolFault, Unavailable } from './faults.js';
import type { Log } from './log.js';

const BACKOFF_MIN_MS = 200;
const BACKOFF_MAX_MS = 5_000;
/** How long a call waits while the program is starting (PGlite makes its files then); after that it fails at once. */
const START_WAIT_MS = 45_000;

export interface KeeperOptions {
  readonly open: Open;
  /** Runs once on each newly opened database before anybody uses it: migrations. */
  readonly prepare: (database: Database) => Promise<void>;
  /** For messages: where the database is. */
  readonly label: string;
  readonly log: Log;
  readonly redact: (text: string) => string;
}

/** Owns the database: opens it, notices that it is gone, opens it again. Calls in between fail at once and say why. */
export class Keeper {
  readonly #options: KeeperOptions;
  #database: Database | undefined;
  #reason = 'it is still being opened';
  #failures = 0;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #checking = false;
  #first: Promise<void>;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#first = this.#connect();
  }

  /** Runs `work` on the database. @throws Unavailable at once while there is none */
  async use<T>(work: (database: Database) => Promise<T>): Promise<T> {
    if (this.#database === undefined && this.#failures === 0) await within(this.#first, START_WAIT_MS);
    const database = this.#database;
    if (database === undefined) throw this.#unavailable();
    try {
      return await work(database);
    } catch (error) {
      if (error instanceof Unavailable) void this.#check(database, error);
      if (error instanceof ToolFault || !isConnectionError(error)) throw error;
      void this.#check(database, error);
      const text = `The connection to the database at ${this.#options.label} broke during this call (${messageOf(error)}). If it was to write something, that may or may not be stored: read it back, or call again.`;
      throw new Unavailable(this.#options.redact(text), { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#first.catch(() => undefined);
    await this.#database?.close();
    this.#database = undefined;
  }

  /** One broken connection may be an accident; only when a fresh one fails, too, is the database gone. */
  async #check(database: Database, error: unknown): Promise<void> {
    if (this.#checking || this.#database !== database) return;
    this.#checking = true;
    try {
      await database.query('select 1');
    } catch {
      if (this.#database !== database) return;
      this.#database = undefined;
      this.#failed(error);
      await database.close().catch(() => undefined);
    } finally {
      this.#checking = false;
    }
  }

  async #connect(): Promise<void> {
    let opened: Database | undefined;
    try {
      opened = await this.#options.open((error) => opened !== undefined && void this.#check(opened, error));
      await this.#options.prepare(opened);
      if (this.#closed) return await opened.close();
      this.#database = opened;
      this.#options.log(`${this.#failures === 0 ? 'opened' : 'opened again'} the database (${opened.kind}, ${this.#options.label})`);
      this.#failures = 0;
    } catch (error) {
      await opened?.close().catch(() => undefined);
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    this.#failures += 1;
    const reason = this.#options.redact(messageOf(error instanceof Unavailable ? (error.cause ?? error) : error));
    // The same failure every few seconds is one line, not a thousand.
    if (reason !== this.#reason) this.#options.log(`cannot use the database at ${this.#options.label}: ${reason}; trying again`);
    this.#reason = reason;
    const wait = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(this.#failures - 1, 10));
    this.#timer = setTimeout(() => void this.#connect(), wait * (0.75 + Math.random() / 2));
  }

  #unavailable(): Unavailable {
    return new Unavailable(
      `The database at ${this.#options.label} cannot be used now: ${this.#reason}. Nothing was changed. It is tried again every few seconds; call again later.`,
    );
  }
}

async function within(promise: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}
