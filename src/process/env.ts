import { delimiter } from 'node:path';

/** Variables of hearth's own environment that every child may see: what a program needs to run at all. */
const ALLOWED = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TERM',
  'TZ',
  'TMPDIR',
  'TMP',
  'TEMP',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'npm_config_registry',
  'NPM_CONFIG_REGISTRY',
  'NPM_CONFIG_USERCONFIG',
  'SystemRoot',
  'APPDATA',
  'LOCALAPPDATA',
  'USERPROFILE',
  'PATHEXT',
  'ComSpec',
]); // prettier-ignore
const ALLOWED_PREFIXES = ['LC_', 'XDG_'];

/** Name of the variable that marks every process of one child's tree, also those that left its group. */
export const MARKER = 'HEARTH_CHILD';

export interface ChildEnvOptions {
  /** Variables from the config; they win. */
  readonly set: Readonly<Record<string, string>>;
  /** Further names to hand down from hearth's environment. */
  readonly pass: readonly string[];
  /** Value of the marker variable. */
  readonly marker: string;
  /** Folders put at the end of PATH: the programs that hearth itself brings. */
  readonly extraPath: readonly string[];
}

/**
 * The environment of a child: an allow-list plus what the config names. Hearth's own secrets (tokens of
 * other servers, database URLs) never reach a child that was not given them.
 */
export function childEnv(own: NodeJS.ProcessEnv, options: ChildEnvOptions): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && (isAllowed(name) || options.pass.includes(name))) env[name] = value;
  }
  env.PATH = [env.PATH, ...options.extraPath].filter(Boolean).join(delimiter);
  return { ...env, ...options.set, [MARKER]: options.marker };
}

function isAllowed(name: string): boolean {
  return ALLOWED.has(name) || ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix));
}
