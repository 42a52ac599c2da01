import { type Address, parseAddress } from '../shared/address.js';
import { type Env, flagFrom, numberFrom, SettingsError, secretFrom } from '../shared/env.js';

export interface Settings {
  readonly address: Address;
  /** Whether the tools that change something are offered at all. */
  readonly write: boolean;
  readonly readLimitMs: number;
  readonly writeLimitMs: number;
  readonly maxRows: number;
  readonly poolMax: number;
}

/** @throws SettingsError */
export function settingsFrom(env: Env): Settings {
  const url = secretFrom(env, 'DATABASE_URL');
  if (url === undefined)
    throw new SettingsError('DATABASE_URL (or DATABASE_URL_FILE) is not set. It looks like postgres://user:password@host:5432/database');
  return {
    address: parseAddress(url),
    write: flagFrom(env, 'TIMESCALE_WRITE'),
    readLimitMs: numberFrom(env, 'TIMESCALE_READ_TIMEOUT_MS', 15_000, 100, 600_000),
    writeLimitMs: numberFrom(env, 'TIMESCALE_WRITE_TIMEOUT_MS', 300_000, 100, 3_600_000),
    maxRows: numberFrom(env, 'TIMESCALE_MAX_ROWS', 1_000, 1, 100_000),
    poolMax: numberFrom(env, 'TIMESCALE_POOL_MAX', 5, 1, 100),
  };
}
