import { HearthError, reasonOf } from '../errors.js';
import type { Log } from '../telemetry/log.js';
import type { Left, Limiter } from './limiter.js';
import { openStore, type RateStore, STORE_MS, type StoreName } from './rate-stores.js';
import { Refusal } from './refusal.js';

export interface RateSettings {
  /** Requests of one principal, and of one address, within the window; 0 for no limit. */
  readonly perKey: number;
  readonly perAddress: number;
  /** In milliseconds. */
  readonly window: number;
  readonly store: StoreName;
  readonly url?: string | undefined;
}

export type RateKind = 'key' | 'address';

/** What a client is told of its limit. */
export interface Budget extends Left {
  readonly limit: number;
}

/** Time between warnings about a store that fails, and between attempts to reach one that never worked, in milliseconds. */
const WARN_MS = 60_000;
const RETRY_MS = 1_000;

/**
 * Requests per principal and per address. When the store fails requests pass uncounted: a limit protects the service, and
 * must not be what stops it. Authentication never depends on it.
 */
export class RateLimits {
  readonly #limiters = new Map<RateKind, Promise<Limiter>>();
  readonly #ready = new Map<RateKind, Limiter>();
  #store: Promise<RateStore> | undefined;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly settings: RateSettings,
    private readonly log: Log,
  ) {}

  /** Loads what the store needs. @throws Error if a package is missing */
  async prepare(): Promise<void> {
    this.#store ??= openStore(this.settings.store, this.settings.url);
    await this.#store;
  }

  /** Counts a request. @returns undefined where nothing is limited, or nothing could be counted */
  async count(kind: RateKind, key: string): Promise<Budget | undefined> {
    const limit = kind === 'key' ? this.settings.perKey : this.settings.perAddress;
    if (limit === 0) return undefined;
    try {
      const limiter = this.#ready.get(kind) ?? (await this.#limiter(kind, limit));
      const counting = limiter.consume(key);
      // Memory answers at once: a timer would cost more than to count.
      return { ...(await (this.settings.store === 'memory' ? counting : inTime(counting))), limit };
    } catch (error) {
      this.#warn(error);
      return undefined;
    }
  }

  async close(): Promise<void> {
    const store = await this.#store?.catch(() => undefined);
    await store?.close().catch(() => {});
  }

  async #limiter(kind: RateKind, points: number): Promise<Limiter> {
    const known = this.#limiters.get(kind);
    if (known) return inTime(known);
    if (performance.now() - this.#triedAt < RETRY_MS) throw new Error('the store could not be reached a moment ago');
    const { window } = this.settings;
    const made = this.prepare().then(async () => {
      const store = (await this.#store) as RateStore;
      return store.limiter({ points, window, prefix: kind });
    });
    this.#limiters.set(kind, made);
    made.then(
      (limiter) => this.#ready.set(kind, limiter),
      () => {
        this.#limiters.delete(kind);
        this.#triedAt = performance.now();
      },
    );
    return inTime(made);
  }

  #warn(error: unknown): void {
    const now = performance.now();
    if (now - this.#warnedAt < WARN_MS) return;
    this.#warnedAt = now;
    this.log.warn('rate_store_failed', `requests are not counted, and pass without a limit: ${reasonOf(error)}`);
  }
}

/** @param seconds until another request has a chance */
export function rateLimited(kind: RateKind, seconds: number, principal: string | undefined): Refusal {
  const whose = kind === 'key' ? 'with this key' : 'from this address';
  const text = `Too many requests ${whose} (limits.rate). Try again in ${seconds} s.`;
  return new Refusal(new HearthError('rate_limited', text), 'rate', principal, seconds);
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the store did not answer within ${2 * STORE_MS} ms`)), 2 * STORE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
