import { HearthError } from '../errors.js';
import { matchesHash, type ScryptHash } from './scrypt.js';

/** Keys that were found right, so that each costs scrypt once and not at each request. */
const MAX_VERIFIED = 10_000;
/** scrypt takes 30 ms and 16 MiB each; more at once would take the threads that files and name look-ups need. */
const MAX_RUNNING = 2;
const MAX_WAITING = 64;

/**
 * Remembers which keys match which hashes. A hit needs the very hash that it was checked against, so a key that was
 * revoked or rotated is not found again; expiry is for the caller to check, each time.
 */
export class VerifiedKeys {
  readonly #verified = new Map<string, string>();
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #waiting: Array<() => void> = [];
  #busy = 0;

  /** Whether it is known already. */
  knows(digest: string, { hash }: ScryptHash): boolean {
    return this.#verified.get(digest) === hash;
  }

  /** @throws HearthError `overloaded` when too many keys wait to be checked */
  check(digest: string, key: string, secret: ScryptHash): Promise<boolean> {
    const id = `${digest} ${secret.hash}`;
    const running = this.#running.get(id);
    if (running) return running;
    const check = this.#verify(digest, key, secret).finally(() => this.#running.delete(id));
    this.#running.set(id, check);
    return check;
  }

  /** The file has changed. */
  clear(): void {
    this.#verified.clear();
  }

  async #verify(digest: string, key: string, secret: ScryptHash): Promise<boolean> {
    await this.#turn();
    try {
      const matches = await matchesHash(key, secret);
      if (matches) this.#remember(digest, secret.hash);
      return matches;
    } finally {
      this.#busy--;
      this.#waiting.shift()?.();
    }
  }

  #remember(digest: string, hash: string): void {
    this.#verified.delete(digest);
    this.#verified.set(digest, hash);
    const [oldest] = this.#verified.keys();
    if (this.#verified.size > MAX_VERIFIED && oldest !== undefined) this.#verified.delete(oldest);
  }

  async #turn(): Promise<void> {
    if (this.#busy >= MAX_RUNNING) {
      if (this.#waiting.length >= MAX_WAITING) throw new HearthError('overloaded', 'Too many new keys are being checked. Try again shortly.');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#busy++;
  }
}
