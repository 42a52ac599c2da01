import { readPlainKeys } from './auth/plain-keys.js';
import type { Config } from './config/schema.js';
import { secretsOf } from './config/secrets-of.js';
import type { Redactor } from './telemetry/redactor.js';

/** Makes known every secret that a config holds or leads to, beside those that its loader has told of. */
export function learnSecrets(config: Config, redactor: Redactor): void {
  for (const [name, value] of secretsOf(config, process.env)) redactor.add(name, value);
  for (const key of plainKeys(config.auth.apiKeyFile)) redactor.add('API_KEY', key);
}

function plainKeys(file: string | undefined): string[] {
  try {
    return file === undefined ? [] : readPlainKeys(file).map(({ key }) => key);
  } catch {
    return []; // whoever needs the file says what is wrong with it
  }
}
