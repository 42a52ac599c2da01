import { readFileSync } from 'node:fs';
import { reasonOf } from '../errors.js';
import { looksSecret } from '../telemetry/secret-names.js';

/** `${NAME}`, `${NAME:-default}`, and the same with `secret:` before the name, which may be anything so that a wrong one is told. */
const REFERENCE = /\$\{(?:([A-Za-z_][A-Za-z0-9_]*)|secret:([^}]*?))(?::-([^}]*))?\}/g;

/** A reference that could not be resolved; the text says what to do. */
export class UnresolvedVariable extends Error {}

/** There is no such secret anywhere: only then a default counts, and not when a store cannot be read. */
export class MissingSecret extends UnresolvedVariable {}

/** Where values come from. */
export interface Sources {
  readonly env: NodeJS.ProcessEnv;
  /** The secret of a name. @throws MissingSecret saying where it was looked for @throws UnresolvedVariable if a place cannot be read */
  secret?(name: string): string;
  /** Hears of every value that is a secret: by its source, or by the name of its variable. */
  onSecret?(name: string, value: string): void;
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` by the environment, and `${secret:NAME}` by the secret. A variable may also
 * be given as a file: when NAME is unset or empty (Compose sets also what it has no value for) and NAME_FILE is set, the
 * file's content counts, without its last line end (the Docker secrets convention).
 *
 * @throws UnresolvedVariable
 */
export function expand(text: string, sources: Sources): string {
  return text.replace(REFERENCE, (_match, variable: string | undefined, secret: string | undefined, fallback: string | undefined) =>
    variable === undefined ? fromStore(secret ?? '', fallback, sources) : fromEnv(variable, fallback, sources),
  );
}

/** Names of the secrets that a text refers to. */
export function secretNames(text: string): string[] {
  return [...text.matchAll(REFERENCE)].flatMap(([, , name]) => name ?? []);
}

function fromStore(name: string, fallback: string | undefined, { secret, onSecret }: Sources): string {
  if (!secret) throw new UnresolvedVariable(`\${secret:${name}}: secrets cannot be used here`);
  try {
    const value = secret(name);
    onSecret?.(name, value);
    return value;
  } catch (error) {
    if (fallback !== undefined && error instanceof MissingSecret) return fallback;
    throw error;
  }
}

function fromEnv(name: string, fallback: string | undefined, { env, onSecret }: Sources): string {
  const own = env[name];
  const value = own || (fromFile(name, env) ?? own);
  if (value !== undefined && value !== '') {
    if (!own || looksSecret(name)) onSecret?.(name, value);
    return value;
  }
  if (fallback !== undefined) return fallback;
  if (value !== undefined) return value;
  throw new UnresolvedVariable(`\${${name}} is not set; set it, set ${name}_FILE, or write \${${name}:-default}`);
}

function fromFile(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const file = env[`${name}_FILE`];
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UnresolvedVariable(`${name}_FILE cannot be read: ${reasonOf(error)}`);
  }
}
