export interface Queryable {
  /** Values go by parameter only. */
  query<R extends object>(sql: string, values?: readonly unknown[]): Promise<R[]>;
}

export interface Connections {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

/** One open database: a PostgreSQL pool, or the embedded PGlite. */
export interface Database extends Queryable {
  readonly kind: 'postgres' | 'pglite';
  readonly connections: Connections;
  /** One connection, one transaction: committed when `work` resolves, rolled back when it throws. */
  transaction<T>(work: (tx: Queryable) => Promise<T>, mode?: string): Promise<T>;
  /** One connection, no transaction around it, for what refuses to run inside one. */
  alone<T>(work: (connection: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens a database. `onTrouble` is called when a connection that nobody uses breaks. */
export type Open = (onTrouble: (error: Error) => void) => Promise<Database>;
