import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
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
const CORRELATION = Symbol('correlation');

/** Ids of this process, with a number at the end: as unique as a UUID each, and in the order of the requests. */
const PROCESS = randomUUID().slice(0, -12);
let requests = 0;

interface Known {
  [CORRELATION]?: Correlation;
}

/**
 * The correlation of an HTTP request: its `X-Correlation-ID`, else the trace id of its `traceparent`, else a fresh one. What is
 * not fit for a log line counts as absent.
 */
export function correlationOf(headers: IncomingHttpHeaders): Correlation {
  const own = headers['x-correlation-id'];
  const given = typeof own === 'string' && VALID.test(own);
  if (headers.traceparent === undefined) return { id: given ? own : freshId(), given };
  const context = traceContextOf(headers);
  return { id: given ? own : context ? traceIdOf(context) : freshId(), given, ...(context && { context }) };
}

function freshId(): string {
  requests++;
  return PROCESS + requests.toString(16).padStart(12, '0');
}

/** Says what a request belongs to. The listener does, once. */
export function bindCorrelation(req: IncomingMessage, correlation: Correlation): void {
  (req as Known)[CORRELATION] = correlation;
}

/** Runs something for a request that was bound. */
export function correlated<T>(req: IncomingMessage, run: () => T): T {
  const correlation = (req as Known)[CORRELATION];
  return correlation ? storage.run(correlation, run) : run();
}

export function currentCorrelation(): Correlation | undefined {
  return storage.getStore();
}
