import { createHmac, createSecretKey, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Scope } from './scope.js';
import type { ConfiguredKey } from './settings.js';

/** A key as it is kept: a hash under a secret of this process, which is of no use to whoever reads the memory later. */
export interface PlainKey {
  readonly id: string;
  readonly name: string;
  readonly digest: Buffer;
  readonly scope: Scope;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** As a key object: to make one of bytes costs more than the hash, and each request is hashed. */
const PROCESS_SECRET = createSecretKey(randomBytes(32));
/** An id outlives the process, in session ids, so it must not help to guess a weak key: about 10 ms for each guess. */
const ID_COST = { N: 4_096, r: 8, p: 1 } as const;
/** Keys that are shorter can be guessed. */
export const WEAK_BELOW = 16;

/** A keyed hash: equal for equal keys within this process, and nothing else can be told from it. */
export function digestOf(text: string): Buffer {
  return createHmac('sha256', PROCESS_SECRET).update(text).digest();
}

/** The keys of a file with one on each line; empty lines and those that begin with `#` do not count. @throws Error if it cannot be read */
export function readPlainKeys(path: string): ConfiguredKey[] {
  return readFileSync(path, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((key) => ({ key }));
}

/** @param known keys that were hashed before, so that reading a file again costs nothing for them */
export function hashKeys(keys: readonly ConfiguredKey[], known: readonly PlainKey[] = []): PlainKey[] {
  return keys.map(({ key, name, servers, tools, expires }) => {
    const digest = digestOf(key);
    const id = known.find((other) => other.digest.equals(digest))?.id ?? newId(key);
    return {
      id,
      name: name ?? id.slice(0, 10),
      digest,
      scope: { servers, tools },
      expires: expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires),
    };
  });
}

function newId(key: string): string {
  return `plain-${scryptSync(key, 'hearth: id of a key', 12, ID_COST).toString('base64url')}`;
}

/** Looks at every key, each in constant time: neither the right one's place nor its beginning shows in the time. */
export function findPlainKey(keys: readonly PlainKey[], digest: Buffer): PlainKey | undefined {
  let found: PlainKey | undefined;
  for (const key of keys) if (timingSafeEqual(key.digest, digest)) found ??= key;
  return found;
}
