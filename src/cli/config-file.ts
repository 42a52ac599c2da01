import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { embeddedConfig } from '../config/embedded.js';
import type { LoadedConfig } from '../config/load.js';
import { configSchema } from '../config/schema.js';
import type { Redactor } from '../telemetry/redactor.js';
import { loadWithSecrets } from './load-config.js';

const DEFAULT_FILES = ['hearth.yaml', 'hearth.yml', 'hearth.json'];

export interface FoundConfig extends LoadedConfig {
  /** Where it came from, for people. */
  readonly source: string;
}

/**
 * The config to run: the named file, else `hearth.yaml` here, else the embedded default.
 * @param redactor hears of every secret that it refers to
 * @throws ConfigError
 */
export async function findConfig(named: string | undefined, redactor: Redactor): Promise<FoundConfig> {
  const file = named ?? DEFAULT_FILES.find((name) => existsSync(name));
  if (file !== undefined) return { ...(await loadWithSecrets(file, process.env, redactor)), source: file };
  return { config: configSchema.parse(embeddedConfig(resolve('data'))), notes: [], source: 'the embedded default' };
}

/** The folder that the embedded default's servers work in. */
export function ensureDataFolder(): void {
  mkdirSync('data', { recursive: true });
}
