import { readFileSync } from 'node:fs';
import { reasonOf } from '../errors.js';

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** A reference that could not be resolved; the text says what to do. */
export class UnresolvedVariable extends Error {}

/**
 * Replaces `${NAME}` and `${NAME:-default}` by the environment. A secret may also be given as a file: when NAME is
 * unset and NAME_FILE is set, the file's content counts, without its last line end (the Docker secrets convention).
 *
 * @throws UnresolvedVariable
 */
export function expand(text: string, env: NodeJS.ProcessEnv): string {
  return text.replace(REFERENCE, (_match, name: string, fallback: string | undefined) => {
    const value = env[name] ?? fromFile(name, env);
    if (value !== undefined && value !== '') return value;
    if (fallback !== undefined) return fallback;
    if (value !== undefined) return value;
    throw new UnresolvedVariable(`\${${name}} is not set; set it, set ${name}_FILE, or write \${${name}:-default}`);
  });
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
