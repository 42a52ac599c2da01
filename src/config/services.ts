import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { PACKAGE_ROOT } from '../package-root.js';
import { isObject, type JsonObject } from '../protocol/message.js';
import { mapTexts } from '../protocol/texts.js';
import { expand, type Sources } from './expand.js';
import { ConfigError, nearest } from './issues.js';
import { type Service, serviceSchema } from './service-schema.js';

const FOLDER = new URL('wrappers/', PACKAGE_ROOT);
const FILE = 'service.yaml';

/** Names of all services that hearth knows. */
export function serviceNames(): string[] {
  return readdirSync(FOLDER).filter((name) => existsSync(new URL(`${name}/${FILE}`, FOLDER)));
}

/** @returns the service, or why there is none of that name */
export function findService(name: string): Service | { readonly problem: string } {
  const names = serviceNames();
  if (names.includes(name)) return readService(name);
  const near = nearest(name, names);
  return { problem: `there is no service "${name}"${near === undefined ? '' : `, did you mean "${near}"?`}; there are ${names.join(', ')}` };
}

/** @throws ConfigError when the file of a service of hearth's own is wrong */
export function readService(name: string): Service {
  const file = new URL(`${name}/${FILE}`, FOLDER);
  const result = serviceSchema.safeParse(parse(readFileSync(file, 'utf8')));
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({ line: undefined, column: undefined, key: path.join('.'), message }));
  throw new ConfigError(fileURLToPath(file), issues);
}

/**
 * A server's entry that names a service, as if its user had written all of it: what the user wrote goes before what the
 * service says, and variables that the user does not set come from the environment.
 *
 * @param sources of the values of variables
 * @throws UnresolvedVariable if a file that holds a value cannot be read
 */
export function withService(entry: JsonObject, service: Service, sources: Sources): JsonObject {
  const own = isObject(entry.env) ? entry.env : {};
  const values: Record<string, string> = {};
  for (const [name, { secret, default: fallback }] of Object.entries(service.env)) {
    const given = own[name] ?? (expand(`\${${name}:-}`, sources) || expand(fallback, sources));
    values[name] = String(given);
    if (secret && values[name] !== '') sources.onSecret?.(name, values[name]);
  }
  const set = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
  const required = Object.entries(service.env).flatMap(([name, { required }]) => (required ? [name] : []));
  const server = mapTexts(service.server, (text) => expand(text, { env: values })) as JsonObject;
  return { requireEnv: required, ...server, ...entry, ...ownProgram(server, entry), env: { ...set, ...own } };
}

/** A program of hearth's own package: npm links those of dependencies only, so in a checkout none of them is on the PATH. */
function ownProgram({ command, args }: JsonObject, entry: JsonObject): JsonObject {
  const { bin } = JSON.parse(readFileSync(new URL('package.json', PACKAGE_ROOT), 'utf8')) as { bin: Record<string, string> };
  const script = typeof command === 'string' && entry.command === undefined ? bin[command] : undefined;
  if (script === undefined) return {};
  const rest: unknown = entry.args ?? args ?? [];
  return { command: process.execPath, args: [fileURLToPath(new URL(script, PACKAGE_ROOT)), ...(Array.isArray(rest) ? rest : [])] };
}
