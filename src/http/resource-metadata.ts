import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuseMethod, sendJson } from '../transport/io.js';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
/** Paths that are resources of their own: the root, and wherever MCP is spoken. */
const RESOURCE = /^(?:|\/|(?:\/servers\/[^/]+)?\/(?:mcp|sse))$/;

export interface MetadataSettings {
  readonly issuer: string;
  readonly scopes: readonly string[];
  /** Base URL as clients know it, where that is not the one of the request. */
  readonly resource: string | undefined;
}

/** Tells clients whose tokens are accepted (RFC 9728; MCP 2025-11-25, authorization: server location). */
export class ResourceMetadata {
  constructor(private readonly settings: MetadataSettings) {}

  has(path: string): boolean {
    return path.startsWith(WELL_KNOWN) && RESOURCE.test(path.slice(WELL_KNOWN.length));
  }

  answer(req: IncomingMessage, res: ServerResponse, path: string): void {
    if (req.method !== 'GET') {
      refuseMethod(res, 'GET');
      return;
    }
    const { issuer, scopes } = this.settings;
    const body = {
      resource: this.#base(req) + path.slice(WELL_KNOWN.length).replace(/\/$/, ''),
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: scopes,
      resource_name: 'hearth',
    };
    sendJson(res, 200, JSON.stringify(body), { 'Cache-Control': 'max-age=300' });
  }

  /** What `WWW-Authenticate` says (RFC 9728, section 5.1; RFC 6750, section 3). */
  challenge(req: IncomingMessage, path: string, error?: 'insufficient_scope'): string {
    const suffix = RESOURCE.test(path) ? path.replace(/\/$/, '') : '';
    const parts = [`resource_metadata="${this.#base(req)}${WELL_KNOWN}${suffix}"`];
    if (error) parts.unshift(`error="${error}"`, `scope="${this.settings.scopes.join(' ')}"`);
    return `Bearer ${parts.join(', ')}`;
  }

  /** The Host has passed the guard, so it is one of ours. TLS ends before hearth, so `resource` has to say if there is some. */
  #base(req: IncomingMessage): string {
    return this.settings.resource?.replace(/\/$/, '') ?? `http://${req.headers.host}`;
  }
}
