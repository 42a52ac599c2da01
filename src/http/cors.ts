import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAllowedOrigin } from './host-origin.js';

const ALLOWED_HEADERS =
  'Content-Type, Accept, Authorization, X-API-Key, Mcp-Session-Id, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Last-Event-ID, X-Correlation-ID, traceparent, tracestate, baggage';
/** Headers that repeat an argument of a tool have names of the tool's choice (2026-07-28, Streamable HTTP: custom headers). */
const PARAM_HEADER = /^mcp-param-[\w!#$%&'*+.^`|~-]+$/i;

/**
 * Lets pages of allowed origins read answers. The request's origin has passed the guard before.
 * @returns whether the request was a preflight, which is answered here
 */
export function applyCors(req: IncomingMessage, res: ServerResponse, allowed: readonly string[]): boolean {
  const { origin } = req.headers;
  if (origin === undefined || !isAllowedOrigin(origin, allowed)) return false;
  res.setHeader('Access-Control-Allow-Origin', origin);
  res.setHeader('Vary', 'Origin');
  res.setHeader(
    'Access-Control-Expose-Headers',
    'Mcp-Session-Id, X-Correlation-ID, WWW-Authenticate, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset',
  );
  if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return false;
  res.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
  const asked = req.headers['access-control-request-headers']?.split(',').map((name) => name.trim()) ?? [];
  res.setHeader('Access-Control-Allow-Headers', [ALLOWED_HEADERS, ...asked.filter((name) => PARAM_HEADER.test(name))].join(', '));
  res.writeHead(204).end();
  return true;
}
