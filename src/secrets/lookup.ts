import { reasonOf } from '../errors.js';
import { isSecretName, type SecretBackend } from './backend.js';

/** What became of one name: its value, or a sentence that says why there is none. */
export type Found = { readonly value: string } | { readonly problem: string; readonly isMissing: boolean };

const PARALLEL = 8;

/**
 * Looks for every name in the places in turn; the first that has it counts. Never fails: a name that was not found, or
 * a place that cannot be read, becomes a problem of the names that needed it.
 */
export async function lookUp(names: readonly string[], places: readonly SecretBackend[]): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  const waiting = [...new Set(names)];
  const work = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) found.set(name, await lookUpOne(name, places));
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return found;
}

async function lookUpOne(name: string, places: readonly SecretBackend[]): Promise<Found> {
  if (!isSecretName(name)) return { problem: 'a secret\'s name has letters, digits, "_", "." and "-"', isMissing: false };
  for (const place of places) {
    try {
      const value = await place.get(name);
      if (value !== undefined) return { value };
    } catch (error) {
      // The next place may have another value of this name, which nobody would expect.
      return { problem: reasonOf(error), isMissing: false };
    }
  }
  const where = places.map((place) => place.where).join(' and in ');
  return { problem: `there is no secret "${name}"; it was looked for in ${where}`, isMissing: true };
}
