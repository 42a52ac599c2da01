import { readFileSync } from 'node:fs';

export type Env = Readonly<Record<string, string | undefined>>;

/** Wrong settings: the program ends with this text. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** @returns the variable, or the content of the file that `<name>_FILE` names; an empty one counts as unset */
export function secretFrom(env: Env, name: string): string | undefined {
  const plain = env[name]?.trim();
  if (plain) return plain;
  const file = env[`${name}_FILE`]?.trim();
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    throw new SettingsError(`${name}_FILE names ${file}, which cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** @throws SettingsError for anything but yes and no */
export function flagFrom(env: Env, name: string): boolean {
  const text = env[name]?.trim().toLowerCase() ?? '';
  if (['', 'false', '0', 'no', 'off'].includes(text)) return false;
  if (['true', '1', 'yes', 'on'].includes(text)) return true;
  throw new SettingsError(`${name} is '${text}'; use true or false`);
}

/** @throws SettingsError when it is no whole number within its limits */
export function numberFrom(env: Env, name: string, fallback: number, min: number, max: number): number {
  const text = env[name]?.trim();
  if (!text) return fallback;
  const number = Number(text);
  if (!Number.isInteger(number) || number < min || number > max) {
    throw new SettingsError(`${name} is '${text}'; use a whole number from ${min} to ${max}`);
  }
  return number;
}
