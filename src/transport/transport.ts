import type { IncomingMessage } from 'node:http';
import { HearthError } from '../errors.js';
import type { Exchange, Router } from '../router/router.js';
import type { ClientOrigin } from '../session/session.js';
import type { StatelessCalls } from '../session/stateless-calls.js';
import type { SessionStore } from '../session/store.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { WriterSettings } from './event-writer.js';

export interface TransportSettings extends WriterSettings {
  /** Largest message from a client, in bytes. */
  readonly maxMessage: number;
  /** Never answer a POST with an event stream. */
  readonly jsonResponse: boolean;
  /** No sessions on `/mcp`: every POST stands alone. */
  readonly stateless: boolean;
  /** How long a POST may stay silent before its answer becomes an event stream, in milliseconds. */
  readonly streamAfter: number;
  /** How long clients are asked to wait before they resume a stream, in milliseconds. */
  readonly retry: number;
  /** Messages in one batch. */
  readonly maxBatch: number;
  /** Headers that some server takes its credentials from, in lower case. */
  readonly credentialHeaders: readonly string[];
}

/** What a transport works with, for one endpoint. */
export interface TransportContext {
  readonly router: Router;
  /** Path before `/sse`, `/messages` and `/mcp`: empty, or `/servers/<name>`. */
  readonly prefix: string;
  readonly sessions: SessionStore;
  /** Requests of the modern era. */
  readonly stateless: StatelessCalls;
  readonly settings: TransportSettings;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** For messages that get no answer. */
export const NO_EXCHANGE: Exchange = { reply: () => {}, fail: () => {}, send: () => {}, end: () => {} };

export function refuseBatch(): HearthError {
  const text = 'Invalid request: batches are not supported by this protocol revision; send one message at a time.';
  return new HearthError('invalid_request', text);
}

/** Where a request comes from, with the credentials that it brings. */
export function originOf(req: IncomingMessage, { credentialHeaders }: TransportSettings): ClientOrigin {
  const given = credentialHeaders.flatMap((name) => {
    const value = req.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return { address: req.socket.remoteAddress ?? '', headers: Object.fromEntries(given) };
}

/** Counts a message on the wire to or from a client. */
export function countMessage(metrics: Metrics, direction: 'in' | 'out', raw: string): void {
  metrics.messages.inc({ direction });
  metrics.messageSize.observe({ direction }, raw.length);
}
