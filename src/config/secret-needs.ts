import { parse } from 'yaml';
import { isObject } from '../protocol/message.js';
import { mapTexts } from '../protocol/texts.js';
import { expand, secretNames } from './expand.js';
import { type SecretsConfig, secretsSchema } from './secrets-schema.js';

export interface SecretNeeds {
  /** Secrets that the config refers to. */
  readonly names: readonly string[];
  /** Where they are. */
  readonly settings: SecretsConfig;
}

/**
 * What a config needs before it can be read as a whole: secrets may come over the network, the rest is read at once.
 * What is wrong with the text is left to `parseConfig`, which says where.
 */
export function secretNeeds(text: string, env: NodeJS.ProcessEnv): SecretNeeds {
  const body = quietly(() => parse(text) as unknown);
  const { secrets, ...rest } = isObject(body) ? body : {};
  const names = textsOf(rest).flatMap(secretNames);
  const settings = quietly(() => secretsSchema.parse(mapTexts(secrets ?? {}, (value) => expand(value, { env }))));
  return { names: [...new Set(names)], settings: settings ?? secretsSchema.parse({}) };
}

function quietly<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
