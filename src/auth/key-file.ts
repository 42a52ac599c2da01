import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { z } from 'zod';

const hash = z.strictObject({
  N: z
    .int()
    .min(1_024)
    .max(1_048_576)
    .refine((value) => (value & (value - 1)) === 0, 'must be a power of two'),
  r: z.int().min(1).max(32),
  p: z.int().min(1).max(16),
  salt: z.string().min(16),
  hash: z.string().min(40),
});
const time = z.iso.datetime();

const key = z.strictObject({
  name: z.string().min(1),
  id: z.string().regex(/^[0-9a-z]{12}$/),
  secret: hash,
  /** The secret before the last rotation, and until when it holds. */
  former: z.strictObject({ secret: hash, until: time }).optional(),
  created: time,
  expires: time.optional(),
  servers: z.array(z.string().min(1)).optional(),
  tools: z.array(z.string().min(1)).optional(),
});
const file = z.strictObject({ version: z.literal(1), keys: z.array(key) });

/** One key as its file holds it: never the key itself. */
export type StoredKey = z.output<typeof key>;

/**
 * The keys of a keys file.
 * @throws Error that says what is wrong with the file; ENOENT stays as it is
 */
export function readKeyFile(path: string): StoredKey[] {
  const text = readFileSync(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('is not JSON'); // the parser's own words would show a part of it, which may be a key
  }
  const result = file.safeParse(value);
  if (result.success) return result.data.keys;
  const [issue] = result.error.issues;
  throw new Error(`is not a keys file: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Writes by a second file, so that no reader sees half of it, and nobody but its owner may read it. */
export function writeKeyFile(path: string, keys: readonly StoredKey[]): void {
  const other = `${path}.${process.pid}.tmp`;
  try {
    const handle = openSync(other, 'wx', 0o600);
    try {
      writeSync(handle, `${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    chmodSync(other, 0o600);
    renameSync(other, path);
  } catch (error) {
    rmSync(other, { force: true });
    throw error;
  }
}
