import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { embeddedConfig } from '../config/embedded.js';
import { type LoadedConfig, loadConfigFile } from '../config/load.js';
import { configSchema } from '../config/schema.js';

const DEFAULT_FILES = ['hearth.yaml', 'hearth.yml', 'hearth.json'];

export interface FoundConfig extends LoadedConfig {
  /** Where it came from, for people. */
  readonly source: string;
}

/**
 * The config to run: the named file, else `hearth.yaml` here, else the embedded default.
 * @throws ConfigError
 */
export function findConfig(named: string | undefined): FoundConfig {
  const file = named ?? DEFAULT_FILES.find((name) => existsSync(name));
  if (file !== undefined) return { ...loadConfigFile(file, process.env), source: file };
  return { config: configSchema.parse(embeddedConfig(resolve('data'))), notes: [], source: 'the embedded default' };
}

/** The folder that the embedded default's servers work in. */
export function ensureDataFolder(): void {
  mkdirSync('data', { recursive: true });
}
