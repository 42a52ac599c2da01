import { MissingSecret, UnresolvedVariable } from '../config/expand.js';
import { type LoadedConfig, parseConfig, readConfigFile } from '../config/load.js';
import { secretNeeds } from '../config/secret-needs.js';
import { lookUp } from '../secrets/lookup.js';
import { placesOf, warningsOf } from '../secrets/places.js';
import type { Redactor } from '../telemetry/redactor.js';

/**
 * Reads a config file whose values may come from a store of secrets. Looks only for what the file refers to.
 * @param redactor hears of every secret before anything can be said about it
 * @throws ConfigError
 */
export async function loadWithSecrets(file: string, env: NodeJS.ProcessEnv, redactor: Redactor): Promise<LoadedConfig> {
  const text = readConfigFile(file);
  const { names, settings } = secretNeeds(text, env);
  const found = await lookUp(names, placesOf(settings, env));
  const secret = (name: string): string => {
    const result = found.get(name) ?? { problem: 'this reference could not be read', isMissing: false };
    if ('value' in result) return result.value;
    throw new (result.isMissing ? MissingSecret : UnresolvedVariable)(result.problem);
  };
  const { config, notes } = parseConfig(text, file, env, { secret, onSecret: (name, value) => void redactor.add(name, value) });
  return { config, notes: [...notes, ...warningsOf(settings, env)] };
}
