import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** A hashed secret with everything that it takes to check one against it. */
export interface ScryptHash {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  /** base64url */
  readonly salt: string;
  readonly hash: string;
}

/** OWASP's password storage cheat sheet allows N=2^14 with p=5 at the least; these keys have 256 random bits, so p=1 does. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const BYTES = 32;

/** Takes about 30 ms of a worker thread and 16 MiB. */
export async function hashSecret(secret: string): Promise<ScryptHash> {
  const salt = randomBytes(16);
  return { ...COST, salt: salt.toString('base64url'), hash: (await derive(secret, salt, COST)).toString('base64url') };
}

/** Compares in constant time. */
export async function matchesHash(secret: string, { salt, hash, ...cost }: ScryptHash): Promise<boolean> {
  const expected = Buffer.from(hash, 'base64url');
  const derived = await derive(secret, Buffer.from(salt, 'base64url'), cost);
  return expected.length === derived.length && timingSafeEqual(expected, derived);
}

function derive(secret: string, salt: Buffer, { N, r, p }: Pick<ScryptHash, 'N' | 'r' | 'p'>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, BYTES, { N, r, p, maxmem: 256 * N * r }, (error, derived) => (error ? reject(error) : resolve(derived)));
  });
}
