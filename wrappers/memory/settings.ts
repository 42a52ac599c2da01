import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Address, parseAddress } from '../shared/address.js';
import { type Env, flagFrom, numberFrom, secretFrom } from '../shared/env.js';

export interface Settings {
  /** PostgreSQL; the embedded PGlite in `folder` without one. */
  readonly address: Address | undefined;
  readonly folder: string;
  readonly poolMax: number;
  readonly namespace: string;
  readonly namespaceFixed: boolean;
}

/** @throws SettingsError */
export function settingsFrom(env: Env): Settings {
  const url = secretFrom(env, 'DATABASE_URL');
  return {
    address: url === undefined ? undefined : parseAddress(url),
    folder: resolve(env.MEMORY_DIR?.trim() || join(env.XDG_DATA_HOME?.trim() || join(homedir(), '.local', 'share'), 'hearth', 'memory')),
    poolMax: numberFrom(env, 'MEMORY_POOL_MAX', 5, 1, 100),
    namespace: env.MEMORY_NAMESPACE?.trim() || 'default',
    namespaceFixed: flagFrom(env, 'MEMORY_NAMESPACE_FIXED'),
  };
}
