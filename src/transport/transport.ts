import type { IncomingMessage } from 'node:http';
import type { Router } from '../router/router.js';
import type { ClientOrigin } from '../session/session.js';
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
  /** Headers that some server takes its credentials from, in lower case. */
  readonly credentialHeaders: readonly string[];
}

/** What a transport works with, for one endpoint. */
export interface TransportContext {
  readonly router: Router;
  /** Path before `/sse`, `/messages` and `/mcp`: empty, or `/servers/<name>`. */
  readonly prefix: string;
  readonly sessions: SessionStore;
  readonly settings: TransportSettings;
  readonly metrics: Metrics;
  readonly log: Log;
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
