import { existsSync, mkdirSync } from 'node:fs';
import type { LoadedConfig } from '../config/load.js';
import type { Redactor } from '../telemetry/redactor.js';
import { loadWithSecrets } from './load-config.js';
import { EMBEDDED, embeddedDefault, type LeftOut } from './standard-services.js';

const DEFAULT_FILES = ['hearth.yaml', 'hearth.yml', 'hearth.json'];

export interface FoundConfig extends LoadedConfig {
  /** Where it came from, for people. */
  readonly source: string;
  /** Services that the embedded default is without. */
  readonly leftOut?: readonly LeftOut[];
}

/**
 * The config to run: the named file, else `hearth.yaml` here, else the embedded default.
 * @param redactor hears of every secret that it refers to
 * @throws ConfigError
 */
export async function findConfig(named: string | undefined, redactor: Redactor): Promise<FoundConfig> {
  const file = named ?? DEFAULT_FILES.find((name) => existsSync(name));
  if (file !== undefined) return { ...(await loadWithSecrets(file, process.env, redactor)), source: file };
  return { ...embeddedDefault(redactor), source: EMBEDDED };
}

/** The folder that the embedded default's servers work in. */
export function ensureDataFolder(): void {
  mkdirSync('data', { recursive: true });
}
