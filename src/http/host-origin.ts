import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { HearthError } from '../errors.js';

export interface HostOriginSettings {
  /** Host names that a request may be addressed to; `*` for any. Loopback names and IP addresses always pass. */
  readonly allowedHosts: readonly string[];
  /** Origins (`https://host[:port]`) whose pages may use the server; `*` for any. Loopback origins always pass. */
  readonly allowedOrigins: readonly string[];
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses requests that a foreign web page makes through the user's browser (DNS rebinding: CVE-2025-66414,
 * CVE-2025-64443; 2025-11-25, transports: security warning). Rebinding needs a name, so a Host that is an IP
 * address cannot be rebound and passes.
 *
 * @throws HearthError `forbidden`
 */
export function checkHostAndOrigin(req: IncomingMessage, settings: HostOriginSettings): void {
  if (hasDuplicate(req)) throw new HearthError('forbidden', 'Forbidden: duplicate Host or Origin header.');
  const host = hostName(req.headers.host);
  if (host === undefined || !isAllowedHost(host, settings.allowedHosts)) {
    throw new HearthError('forbidden', 'Forbidden: this Host is not allowed. Name it with --allowed-hosts if it is yours.');
  }
  if (!isOwnTarget(req.url, settings.allowedHosts)) {
    throw new HearthError('forbidden', 'Forbidden: the host of the request target is not allowed. Name it with --allowed-hosts if it is yours.');
  }
  const { origin } = req.headers;
  if (origin !== undefined && !isAllowedOrigin(origin, settings.allowedOrigins)) {
    throw new HearthError('forbidden', 'Forbidden: this Origin is not allowed. Name it with --allowed-origins if it is yours.');
  }
}

/** A target with a host of its own goes over the header (RFC 9112, 3.2.2), so it is checked alike. */
function isOwnTarget(target = '', allowed: readonly string[]): boolean {
  if (target.startsWith('/')) return true;
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(target);
  if (!match) return true;
  const host = hostName(match[1]);
  return host !== undefined && isAllowedHost(host, allowed);
}

/** Whether a page of this origin may read answers (CORS). */
export function isAllowedOrigin(origin: string, allowed: readonly string[]): boolean {
  if (allowed.includes(origin)) return true;
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/@\s]+)$/.exec(origin);
  const host = hostName(match?.[2]);
  if (host === undefined) return false; // `null` too, even where any origin may come: it hides where a page is from
  return allowed.includes('*') || (LOOPBACK.has(host) && /^https?$/.test(match?.[1] ?? ''));
}

function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  if (LOOPBACK.has(host) || allowed.includes('*')) return true;
  const isAddress = host.startsWith('[') ? isIPv6(host.slice(1, -1)) : isIPv4(host);
  return isAddress || allowed.some((name) => name.toLowerCase() === host);
}

/** The name part of `host[:port]`, in lower case; undefined if it is malformed. */
function hostName(authority: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(authority ?? '');
  return Number(match?.[2] ?? 0) > 65_535 ? undefined : match?.[1]?.toLowerCase();
}

/** Whether Host or Origin comes twice. Node keeps the first one only, in `headers`. */
function hasDuplicate({ rawHeaders, headers }: IncomingMessage): boolean {
  let seen = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length !== 4 && name.length !== 6) continue; // most others
    const lower = name.toLowerCase();
    if (lower === 'host' || lower === 'origin') seen++;
  }
  return seen > (headers.host === undefined ? 0 : 1) + (headers.origin === undefined ? 0 : 1);
}
