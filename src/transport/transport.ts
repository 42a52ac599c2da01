import type { IncomingMessage } from 'node:http';
import { type Principal, principalOf } from '../auth/principal.js';
import type { Deadlines } from '../deadlines.js';
import { HearthError } from '../errors.js';
import { isDeeperThan } from '../protocol/depth.js';
import { type Message, parseMessage } from '../protocol/message.js';
import { REQUESTS } from '../protocol/methods.js';
import type { Router } from '../router/router.js';
import type { ClientOrigin } from '../session/session.js';
import type { StatelessCalls } from '../session/stateless-calls.js';
import type { SessionStore } from '../session/store.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { WriterSettings } from './event-writer.js';

export interface TransportSettings extends WriterSettings {
  /** Largest message from a client, in bytes. */
  readonly maxMessage: number;
  /** Levels of objects and lists in a message from a client. */
  readonly maxDepth: number;
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
  /** The one server that is served, whose names are shown bare; undefined for a hub. */
  readonly server: string | undefined;
  readonly sessions: SessionStore;
  /** Requests of the modern era. */
  readonly stateless: StatelessCalls;
  readonly settings: TransportSettings;
  /** Answers to POSTs that nothing was sent of yet: they become event streams after `streamAfter`. */
  readonly silence: Deadlines;
  readonly metrics: Metrics;
  readonly log: Log;
}

export function refuseBatch(): HearthError {
  const text = 'Invalid request: batches are not supported by this protocol revision; send one message at a time.';
  return new HearthError('invalid_request', text);
}

/** Who makes a request, as this endpoint sees it. */
export function principalAt({ server }: Pick<TransportContext, 'server'>, req: IncomingMessage): Principal | undefined {
  return principalOf(req)?.at(server);
}

/** Where a request comes from, with the credentials that it brings. */
export function originOf(req: IncomingMessage, context: Pick<TransportContext, 'settings' | 'server'>): ClientOrigin {
  const given = context.settings.credentialHeaders.flatMap((name) => {
    const value = req.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  const principal = principalAt(context, req);
  return { address: req.socket.remoteAddress ?? '', headers: Object.fromEntries(given), ...(principal && { principal }) };
}

/** Counts a message on the wire to or from a client. */
export function countMessage(metrics: Metrics, direction: 'in' | 'out', raw: string): void {
  const series = metrics.wire[direction];
  series.messages.inc();
  series.sizes.observe(raw.length);
}

/**
 * Parses a message of a client. Nesting is limited, so that nothing later on meets more levels than its stack has. A request
 * without an id would be a notification, which nobody asks whether it may be made: a server that does not look would make the call
 * (2025-11-25, base protocol: requests have an id).
 * @throws HearthError as `parseMessage`, and `invalid_request` for one that is too deep, or has no id
 */
export function parseFromClient(raw: string, { maxDepth }: TransportSettings): Message {
  const message = parseMessage(raw);
  if (message.kind === 'notification' && REQUESTS.has(message.method)) {
    throw new HearthError('invalid_request', `Invalid request: ${message.method} is a request, and needs an "id".`);
  }
  // A level takes two characters at least.
  if (raw.length < 2 * maxDepth || !isDeeperThan(message.body, maxDepth)) return message;
  throw new HearthError('invalid_request', `Invalid request: the message has more than ${maxDepth} levels of objects and lists (limits.depth).`);
}
