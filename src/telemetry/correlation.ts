import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

/** Ties together everything that one HTTP request caused. */
export interface Correlation {
  readonly id: string;
  /** Whether the client sent it; then its calls are logged even when they succeed. */
  readonly given: boolean;
}

const VALID = /^[\x21-\x7e]{1,128}$/;
const storage = new AsyncLocalStorage<Correlation>();

/** The correlation of the `X-Correlation-ID` header, or a fresh one if it is absent or not fit for a log line. */
export function correlationOf(header: string | string[] | undefined): Correlation {
  return typeof header === 'string' && VALID.test(header) ? { id: header, given: true } : { id: randomUUID(), given: false };
}

export function withCorrelation<T>(correlation: Correlation, run: () => T): T {
  return storage.run(correlation, run);
}

/**
 * A callback that belongs to the same request, whatever event calls it: those of streams come in a context of their own.
 * `AsyncResource.bind` does the same for any storage, and costs as much as a tenth of a call.
 */
export function keepCorrelation<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
  const correlation = currentCorrelation();
  return correlation ? (...args) => storage.run(correlation, callback, ...args) : callback;
}

export function currentCorrelation(): Correlation | undefined {
  return storage.getStore();
}
