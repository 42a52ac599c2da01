import type { IncomingMessage, ServerResponse } from 'node:http';
import { Deadlines } from '../deadlines.js';
import { HearthError } from '../errors.js';
import type { Router } from '../router/router.js';
import { refuseMethod, sendError } from '../transport/io.js';
import { openSse, postSse } from '../transport/sse.js';
import { StreamableHttp } from '../transport/streamable-http.js';
import type { TransportContext } from '../transport/transport.js';
import type { RequestTarget } from './request-target.js';

/** One place where MCP is spoken: the root, or one server of a hub. */
interface Endpoint {
  readonly context: TransportContext;
  readonly streamable: StreamableHttp;
}

/** A request to an MCP path, matched: the route template is for metrics. */
export interface McpRoute {
  readonly route: string;
  /** The one server that is served there; undefined for a hub. */
  readonly server: string | undefined;
  /** Always answers, maybe later. */
  handle(req: IncomingMessage, res: ServerResponse, target: RequestTarget): void;
}

const SERVER_PATH = /^\/servers\/([^/]+)(\/(?:sse|messages|mcp))$/;

/** The MCP paths: `/sse`, `/messages`, `/mcp`, and the same under `/servers/<name>`. */
export class Endpoints {
  readonly #root: Endpoint;
  readonly #servers = new Map<string, Endpoint>();

  constructor(root: Router, servers: ReadonlyMap<string, Router>, shared: Omit<TransportContext, 'router' | 'prefix' | 'server' | 'silence'>) {
    const context = { ...shared, silence: new Deadlines(shared.settings.streamAfter) };
    const [only, ...others] = servers.keys();
    this.#root = endpoint({ ...context, router: root, prefix: '', server: others.length === 0 ? only : undefined });
    for (const [name, router] of servers) {
      this.#servers.set(name, endpoint({ ...context, router, prefix: `/servers/${encodeURIComponent(name)}`, server: name }));
    }
  }

  /** The handler of a path, or undefined if MCP is not spoken there. */
  match(path: string): McpRoute | undefined {
    const underServer = path.startsWith('/servers/') ? SERVER_PATH.exec(path) : undefined;
    if (!underServer) return route(path, '', this.#root);
    const server = decode(underServer[1] as string);
    const found = this.#servers.get(server);
    if (found) return route(underServer[2] as string, '/servers/{name}', found);
    const names = [...this.#servers.keys()].join(', ');
    return {
      route: '/servers/{name}',
      server,
      handle: (_req, res) => sendError(res, new HearthError('not_found', `There is no server of this name. Servers: ${names}.`)),
    };
  }
}

function endpoint(context: TransportContext): Endpoint {
  return { context, streamable: new StreamableHttp(context) };
}

function route(path: string, prefix: string, { context, streamable }: Endpoint): McpRoute | undefined {
  const { server } = context;
  switch (path) {
    case '/mcp':
      return { route: `${prefix}/mcp`, server, handle: (req, res) => streamable.handle(req, res) };
    case '/sse':
      // POST is refused so that clients which probe for Streamable HTTP fall back to SSE.
      return { route: `${prefix}/sse`, server, handle: (req, res) => (req.method === 'GET' ? openSse(context, req, res) : refuseMethod(res, 'GET')) };
    case '/messages':
      return {
        route: `${prefix}/messages`,
        server,
        handle: (req, res, target) =>
          req.method === 'POST' ? postSse(context, req, res, target.searchParams.get('sessionId')) : refuseMethod(res, 'POST'),
      };
    default:
      return undefined;
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
