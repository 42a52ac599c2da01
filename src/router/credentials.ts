import { createHash } from 'node:crypto';
import { HearthError } from '../errors.js';
import type { Caller } from './router.js';

/**
 * Groups callers by their credentials: those whose clients sent the same headers share a child, which gets them in its
 * environment. Credentials are kept as a hash only.
 *
 * @param server      name, for errors
 * @param credentials environment variable of the child -> name of the client's header, in lower case
 * @throws HearthError `forbidden` when the client did not send one of them
 */
export function groupByCredentials(
  server: string,
  credentials: Readonly<Record<string, string>>,
): (caller: Caller) => { key: string; env: Record<string, string> } {
  return ({ headers }) => {
    const entries = Object.entries(credentials).map(([variable, header]) => {
      const value = headers[header];
      if (value === undefined) throw new HearthError('forbidden', `Server "${server}" needs the header ${header}; send it when you connect.`, server);
      return [variable, value] as const;
    });
    const env = Object.fromEntries(entries);
    return { key: createHash('sha256').update(JSON.stringify(env)).digest('hex'), env };
  };
}
