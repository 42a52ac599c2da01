/** What is left after a request was counted. */
export interface Left {
  readonly remaining: number;
  /** Until the window ends, in milliseconds. */
  readonly reset: number;
  readonly limited: boolean;
}

/** A counter of a fixed window for each key. */
export interface Limiter {
  /** Counts one. @throws Error if the store fails */
  consume(key: string): Promise<Left>;
  /** What was counted before. */
  look(key: string): Promise<Left>;
}

interface Result {
  readonly remainingPoints: number;
  readonly msBeforeNext: number;
}

interface Flexible {
  consume(key: string): Promise<Result>;
  get(key: string): Promise<Result | null>;
}

export interface LimiterOptions {
  readonly points: number;
  /** In milliseconds. */
  readonly window: number;
  readonly prefix: string;
  /** What a store needs to know beyond that. */
  readonly store?: Readonly<Record<string, unknown>>;
}

type Made = new (options: Record<string, unknown>, onReady?: (error?: Error) => void) => Flexible;

/** One class of rate-limiter-flexible: its index would load those for every database there is. */
export async function limiterClass(name: 'RateLimiterMemory' | 'RateLimiterPostgres' | 'RateLimiterRedis'): Promise<Made> {
  const module = (await import(`rate-limiter-flexible/lib/${name}.js`)) as { default: Made };
  return module.default;
}

/** @param onReady called once the store is ready, where it takes time */
export function makeLimiter(Class: Made, { points, window, prefix, store }: LimiterOptions, onReady?: (error?: Error) => void): Limiter {
  const options = { points, duration: Math.max(1, Math.ceil(window / 1000)), keyPrefix: `hearth-${prefix}`, ...store };
  const flexible = onReady ? new Class(options, onReady) : new Class(options);
  return {
    async consume(key) {
      try {
        return left(await flexible.consume(key), false);
      } catch (thrown) {
        if (thrown instanceof Error) throw thrown;
        return left(thrown as Result, true); // it rejects with the count when there are too many
      }
    },
    async look(key) {
      const result = await flexible.get(key);
      return result ? left(result, result.remainingPoints <= 0) : { remaining: points, reset: 0, limited: false };
    },
  };
}

function left({ remainingPoints, msBeforeNext }: Result, limited: boolean): Left {
  return { remaining: Math.max(0, remainingPoints), reset: Math.max(0, msBeforeNext), limited };
}
