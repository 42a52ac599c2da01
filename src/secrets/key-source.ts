import { existsSync } from 'node:fs';
import { SecretError } from './backend.js';
import { parseKey, readKeyFile } from './master-key.js';

export const DEFAULT_KEY_FILE = 'hearth.secrets.key';
export const DEFAULT_KEY_ENV = 'HEARTH_SECRETS_KEY';
/** Where `rotate` puts the new key until the store needs it. After a crash in between, this is the one that fits. */
export const NEXT = '.next';

export interface KeySettings {
  readonly keyFile?: string | undefined;
  /** Name of the variable with the key itself; NAME_FILE may name a file instead. */
  readonly keyEnv?: string | undefined;
}

/** A master key, and the file it came from where there is one. */
export interface MasterKey {
  readonly key: Buffer;
  readonly file: string | undefined;
}

/** The file that holds the key; undefined when a variable holds the key itself. */
export function keyFileOf({ keyFile, keyEnv = DEFAULT_KEY_ENV }: KeySettings, env: NodeJS.ProcessEnv): string | undefined {
  if (keyFile !== undefined) return keyFile;
  return env[keyEnv] ? undefined : env[`${keyEnv}_FILE`] || DEFAULT_KEY_FILE;
}

/**
 * Keys to try, the likeliest first. There is more than one only after a rotation that was cut short.
 * @throws SecretError when there is none, saying where one was looked for
 */
export function masterKeys(settings: KeySettings, env: NodeJS.ProcessEnv): MasterKey[] {
  const { keyEnv = DEFAULT_KEY_ENV } = settings;
  const file = keyFileOf(settings, env);
  if (file === undefined) return [{ key: parseKey(env[keyEnv] as string, `the variable ${keyEnv}`), file: undefined }];
  const files = [file, `${file}${NEXT}`].filter((candidate) => existsSync(candidate));
  if (files.length === 0) {
    const named = settings.keyFile === undefined ? `; ${keyEnv} and ${keyEnv}_FILE were looked at too` : '';
    throw new SecretError(`there is no key file ${file}${named}. Make one with: hearth secrets init`);
  }
  return files.map((found) => ({ key: readKeyFile(found), file: found }));
}
