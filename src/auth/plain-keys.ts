import { hash, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
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

const PROCESS_SECRET = randomBytes(32).toString('base64');
/** An id outlives the process, in session ids, so it must not help to guess a weak key: about 10 ms for each guess. */
const ID_COST = { N: 4_096, r: 8, p: 1 } as const;
/** Keys that are shorter can be guessed. */
export const WEAK_BELOW = 16;

/**
 * A hash under a secret: equal for equal keys within this process, and nothing else can be told from it. It never leaves the
 * process, so that nobody can make one longer, which an HMAC would be for; that costs ten times as much, at each request.
 */
export function digestOf(text: string): string {
  return hash('sha256', PROCESS_SECRET + text, 'base64');
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
    const digest = Buffer.from(digestOf(key));
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
export function findPlainKey(keys: readonly PlainKey[], digest: string): PlainKey | undefined {
  const presented = Buffer.from(digest);
  let found: PlainKey | undefined;
  for (const key of keys) if (timingSafeEqual(key.digest, presented)) found ??= key;
  return found;
}
