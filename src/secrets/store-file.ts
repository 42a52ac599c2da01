import { z } from 'zod';
import { SecretError } from './backend.js';
import type { Sealed, StoreKeys } from './envelope.js';

const entry = z.strictObject({ nonce: z.string(), data: z.string(), tag: z.string(), created: z.iso.datetime(), updated: z.iso.datetime() });
const schema = z.strictObject({
  format: z.literal('hearth-secrets'),
  version: z.literal(1),
  salt: z.string(),
  /** Of the key: `StoreKeys.id`. */
  key: z.string(),
  entries: z.record(z.string(), entry),
  mac: z.string(),
});

export interface StoreEntry extends Sealed {
  readonly created: string;
  readonly updated: string;
}
export type StoreEntries = Readonly<Record<string, StoreEntry>>;
type StoreFile = z.output<typeof schema>;

/** @param file for the error @throws SecretError when it is no store, or of a newer version */
export function parseStore(text: string, file: string): StoreFile {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new SecretError(`${file} is not a store of secrets: it is not JSON`); // the parser's own words would show a part of it
  }
  const { version } = (body ?? {}) as { version?: unknown };
  if (typeof version === 'number' && version > 1) {
    throw new SecretError(`${file} has version ${version} of the format; this hearth knows version 1. Update hearth.`);
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new SecretError(`${file} is not a store of secrets, or was damaged (at ${parsed.error.issues[0]?.path.join('.') || 'the top'})`);
}

/** Its entries, if nothing but hearth with this very key has written them. @throws SecretError */
export function verifiedEntries({ entries, mac }: StoreFile, keys: StoreKeys, file: string): StoreEntries {
  if (keys.verify(canonical(entries), mac)) return entries;
  throw new SecretError(`${file} was changed by something other than hearth; restore it from a backup`);
}

export function storeText(entries: StoreEntries, keys: StoreKeys): string {
  const body: StoreFile = {
    format: 'hearth-secrets',
    version: 1,
    salt: keys.salt,
    key: keys.id,
    entries: { ...entries },
    mac: keys.mac(canonical(entries)),
  };
  return `${JSON.stringify(body, null, 2)}\n`;
}

/** The same text for the same entries, in whichever order. */
function canonical(entries: StoreEntries): string {
  const sorted = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(sorted.map(([name, { nonce, data, tag, created, updated }]) => [name, nonce, data, tag, created, updated]));
}
