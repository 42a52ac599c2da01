import type { IncomingMessage } from 'node:http';
import { HearthError } from '../errors.js';

/** Names under which clients put keys into URLs, from where they get into logs, histories and referrers (RFC 6750, 5.3). */
const IN_QUERY = new Set(['api_key', 'apikey', 'api-key', 'x-api-key', 'key', 'token', 'access_token']);
const BEARER = /^Bearer +(\S+) *$/i;

export type Presented = { readonly credential: string; readonly isBearer: boolean } | { readonly missing: true } | { readonly malformed: true };

/** @throws HearthError `invalid_request` for a key in the query string */
export function refuseKeyInQuery(query: URLSearchParams): void {
  for (const name of query.keys()) {
    if (!IN_QUERY.has(name.toLowerCase())) continue;
    throw new HearthError(
      'invalid_request',
      'Bad request: keys do not belong into URLs, where logs keep them. Send "Authorization: Bearer KEY" or "X-API-Key: KEY", and replace this key.',
    );
  }
}

/** The one credential of a request: two that differ are none. */
export function presentedBy(req: IncomingMessage): Presented {
  const bearers = valuesOf(req, 'authorization');
  const keys = valuesOf(req, 'x-api-key');
  if (bearers.length + keys.length === 0) return { missing: true };
  if (bearers.length > 1 || keys.length > 1) return { malformed: true };
  const bearer = bearers[0] === undefined ? undefined : BEARER.exec(bearers[0])?.[1];
  if (bearers.length > 0 && bearer === undefined) return { malformed: true };
  const key = keys[0]?.trim();
  if (bearer !== undefined && key !== undefined && bearer !== key) return { malformed: true };
  const credential = bearer ?? key;
  return credential ? { credential, isBearer: bearer !== undefined } : { malformed: true };
}

/** Every value as it was sent: Node joins or drops those that come twice. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? '');
  return values;
}
