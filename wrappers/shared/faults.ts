/** A failure whose text is written for the client: it says what happened and what to do next. */
export class ToolFault extends Error {
  override readonly name: string = 'ToolFault';
}

/** The database cannot be used now. The server stays up and comes back by itself. */
export class Unavailable extends ToolFault {
  override readonly name = 'Unavailable';
}

/** SQLSTATEs whose own message would not tell a client what to do. */
const ADVICE: Readonly<Record<string, string>> = {
  '22021': 'The text holds a NUL character, which PostgreSQL cannot store. Remove it and call again.',
  '22P05': 'The text holds a NUL character, which PostgreSQL cannot store. Remove it and call again.',
  '54000': 'A name or type is too long for its index (about 2,600 bytes). Shorten it; long text belongs into an observation.',
  '57014': 'The statement ran into its time limit and was cancelled. Nothing was changed. Ask for less, or filter more.',
  '53100': 'The disk of the database is full. Nothing was changed. Free space on it, then call again.',
  '25006': 'The database accepts no writes here: the transaction, or the whole server, is read-only.',
  '42501': 'The database user lacks a privilege for this.',
};

const CONNECTION_CODES = new Set(
  'ECONNREFUSED ECONNRESET EPIPE ENOTFOUND EAI_AGAIN ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOENT 57P01 57P02 57P03 57P05 53300'.split(' '),
);
/** What pg and PGlite say without a code when there is no database behind a connection any more. */
const CONNECTION_TEXT = /connection terminated|connection ended|not queryable|query read timeout|after calling end|pglite is closed/i;

/** @returns the SQLSTATE, or the operating system's code, where there is one */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** Whether the connection is to blame, and not the statement. */
export function isConnectionError(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined && (CONNECTION_CODES.has(code) || code.startsWith('08'))) return true;
  // PGlite's WebAssembly has aborted: only a fresh instance helps.
  if (error instanceof Error && error.name === 'RuntimeError') return true;
  return error instanceof Error && CONNECTION_TEXT.test(error.message);
}

/** @returns the text of a failure for the client */
export function explain(error: unknown): string {
  if (error instanceof ToolFault) return error.message;
  const code = codeOf(error);
  const advice = code === undefined ? undefined : ADVICE[code];
  if (advice !== undefined) return `${advice} (${messageOf(error)}; SQLSTATE ${code})`;
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) return `The database refused the statement: ${messageOf(error)} (SQLSTATE ${code}).`;
  return `Unexpected failure: ${messageOf(error)}`;
}
