import { HearthError } from '../errors.js';
import { type Left, type Limiter, limiterClass, makeLimiter } from './limiter.js';
import { Refusal } from './refusal.js';

/** Credentials that worked from an address; the oldest go first. */
const MAX_TRUSTED = 10_000;
/** Requests of all addresses that wait for the outcome of others. */
const MAX_WAITING = 1_000;

/** Attempts of one address whose outcome is open, and who waits for one. */
interface Open {
  count: number;
  readonly waiting: Set<() => void>;
}

/**
 * Limits attempts with wrong credentials from one address. What has worked from there before goes on working, since many
 * clients may share an address behind a proxy; anything new has to wait, or a guess could go on after all.
 */
export class FailureLimit {
  readonly #trusted = new Set<string>();
  readonly #open = new Map<string, Open>();
  #waiting = 0;
  #limiter: Promise<Limiter> | undefined;

  constructor(
    private readonly points: number,
    private readonly window: number,
  ) {}

  /**
   * Makes an attempt. No more are made at a time than may fail, so that a thousand guesses at once are not all the first;
   * the others wait for their outcome.
   * @param address one client, as well as it can be told
   * @param digest of what it presents
   * @throws Refusal 429 without making the attempt, or what the attempt throws
   */
  async attempt<T>(address: string, digest: string, make: () => Promise<T>): Promise<T> {
    const entry = `${address} ${digest}`;
    const leave = this.#trusted.has(entry) ? undefined : await this.#enter(address, entry);
    try {
      const made = await make();
      this.#trust(entry);
      return made;
    } catch (error) {
      this.#trusted.delete(entry);
      if (error instanceof Refusal && error.http === 401) await (await this.#load()).consume(address);
      throw error;
    } finally {
      leave?.();
    }
  }

  /** @returns what to call when the outcome is known */
  async #enter(address: string, entry: string): Promise<(() => void) | undefined> {
    const limiter = await this.#load();
    while (!this.#trusted.has(entry)) {
      const { remaining, limited, reset }: Left = await limiter.look(address);
      if (limited) throw tooManyFailures(Math.ceil(reset / 1000));
      const open = this.#open.get(address);
      if (!open || open.count < remaining) return this.#begin(address);
      await this.#outcome(open);
    }
    return undefined; // it has worked meanwhile
  }

  #begin(address: string): () => void {
    const open = this.#open.get(address) ?? { count: 0, waiting: new Set() };
    this.#open.set(address, open);
    open.count++;
    return () => {
      open.count--;
      if (open.count === 0) this.#open.delete(address);
      for (const wake of open.waiting) wake();
      open.waiting.clear();
    };
  }

  async #outcome({ waiting }: Open): Promise<void> {
    if (this.#waiting >= MAX_WAITING) throw new HearthError('overloaded', 'Too many new keys are being checked. Try again shortly.');
    this.#waiting++;
    await new Promise<void>((resolve) => waiting.add(resolve));
    this.#waiting--;
  }

  #trust(entry: string): void {
    if (this.#trusted.has(entry)) return;
    this.#trusted.add(entry);
    const [oldest] = this.#trusted;
    if (this.#trusted.size > MAX_TRUSTED && oldest !== undefined) this.#trusted.delete(oldest);
  }

  #load(): Promise<Limiter> {
    this.#limiter ??= limiterClass('RateLimiterMemory').then((Class) =>
      makeLimiter(Class, { points: this.points, window: this.window, prefix: 'failures' }),
    );
    return this.#limiter;
  }
}

function tooManyFailures(seconds: number): Refusal {
  const text = `Too many requests with a wrong key from this address. Try again in ${seconds} s, with a valid one.`;
  return new Refusal(new HearthError('rate_limited', text), 'limited', undefined, seconds);
}
