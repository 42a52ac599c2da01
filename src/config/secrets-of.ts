import { looksSecret, urlSecrets } from '../telemetry/secret-names.js';
import type { Config, ServerConfig } from './schema.js';

/** A value that must not be shown, and the name that stands for it. */
export type NamedSecret = readonly [name: string, value: string];

/**
 * Secrets that are written into a config as they are, as far as they can be told: headers for remote servers, variables
 * and options whose names say so, and credentials in URLs. The texts of references are known to the loader.
 *
 * @param env hearth's own environment, of which `passEnv` hands parts down
 */
export function secretsOf({ servers, auth, traces }: Config, env: NodeJS.ProcessEnv): NamedSecret[] {
  const keys = (auth.keys ?? []).map((key) => ['API_KEY', typeof key === 'string' ? key : key.key] as const);
  const receiver = [...Object.entries(traces.headers), ...(traces.endpoint === undefined ? [] : ofUrl('traces.endpoint', traces.endpoint))];
  return [...keys, ...receiver, ...Object.values(servers).flatMap((server) => secretsOfServer(server, env))];
}

/** Headers that say what a client can read, and nothing about who it is. */
const PLAIN_HEADERS = new Set(['accept', 'accept-language', 'content-type', 'user-agent', 'host']);

function secretsOfServer({ headers, env, args, url, passEnv }: ServerConfig, own: NodeJS.ProcessEnv): NamedSecret[] {
  const passed = passEnv.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]));
  return [
    ...Object.entries(headers).filter(([name]) => !PLAIN_HEADERS.has(name.toLowerCase())),
    ...[...Object.entries(env), ...passed].flatMap(([name, value]) => ofNamed(name, value)),
    ...args.flatMap((arg, index) => ofArgument(arg, args[index - 1])),
    ...(url === undefined ? [] : ofUrl('url', url)),
  ];
}

function ofNamed(name: string, value: string): NamedSecret[] {
  return looksSecret(name) ? [[name, value]] : ofUrl(name, value);
}

/** `--api-key VALUE`, `--api-key=VALUE`, `API_KEY=VALUE`, and URLs. */
function ofArgument(arg: string, before = ''): NamedSecret[] {
  const assigned = /^-*([A-Za-z][\w.-]*)=(.+)$/s.exec(arg);
  if (assigned) return ofNamed(assigned[1] as string, assigned[2] as string);
  if (before.startsWith('--') && !before.includes('=') && !arg.startsWith('-')) return ofNamed(before.slice(2), arg);
  return ofUrl('argument', arg);
}

function ofUrl(name: string, text: string): NamedSecret[] {
  return URL.canParse(text) ? urlSecrets(new URL(text)).map((value) => [name, value] as const) : [];
}
