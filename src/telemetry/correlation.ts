import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type TraceContext, traceContextOf, traceIdOf } from './trace-context.js';

/** Ties together everything that one HTTP request caused. */
export interface Correlation {
  readonly id: string;
  /** Whether the client sent it; then its calls are logged even when they succeed. */
  readonly given: boolean;
  /** Of the trace that the client's request is part of, if it is. */
  readonly context?: TraceContext;
}

const VALID = /^[\x21-\x7e]{1,128}$/;
const storage = new AsyncLocalStorage<Correlation>();

/**
 * The correlation of an HTTP request: its `X-Correlation-ID`, else the trace id of its `traceparent`, else a fresh one. What is
 * not fit for a log line counts as absent.
 */
export function correlationOf(headers: IncomingHttpHeaders): Correlation {
  const own = headers['x-correlation-id'];
  const given = typeof own === 'string' && VALID.test(own);
  if (headers.traceparent === undefined) return { id: given ? own : randomUUID(), given };
  const context = traceContextOf(headers);
  return { id: given ? own : context ? traceIdOf(context) : randomUUID(), given, ...(context && { context }) };
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
