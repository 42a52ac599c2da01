import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asHearthError, HearthError, reasonOf } from '../errors.js';
import { correlationOf, withCorrelation } from '../telemetry/correlation.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { sendError } from '../transport/io.js';
import type { Access } from './access.js';
import { applyCors } from './cors.js';
import type { Endpoints } from './endpoints.js';
import { checkHostAndOrigin, type HostOriginSettings } from './host-origin.js';
import type { ResourceMetadata } from './resource-metadata.js';

/** Handles what is not MCP: health, status, metrics. Sets `res.locals.route` by its route template. */
export type PagesHandler = (req: IncomingMessage, res: ServerResponse, notFound: () => void) => void;

export interface ListenerOptions {
  readonly endpoints: Endpoints;
  readonly pages: PagesHandler;
  readonly guard: HostOriginSettings;
  /** Undefined where everybody may do everything as often as they like. */
  readonly access: Access | undefined;
  readonly metadata: ResourceMetadata | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Longer than any load balancer's own, so that it is never the server that cuts an idle connection first. */
const KEEP_ALIVE_MS = 75_000;
/** Time for a request's headers and body to arrive (slowloris). Answers have no such limit. */
const REQUEST_MS = 120_000;

/** The one HTTP server: correlation id, Host and Origin, then MCP paths directly and everything else by the pages. */
export class Listener {
  readonly #server: Server;

  constructor(private readonly options: ListenerOptions) {
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS, headersTimeout: 60_000 }, (req, res) =>
      this.#onRequest(req, res),
    );
    this.#server.timeout = 0; // streams are silent for as long as they like
  }

  /**
   * @returns the URL, with the port that was picked if 0 was asked for
   * @throws Error with `code` EADDRINUSE, EACCES or EADDRNOTAVAIL
   */
  listen(host: string, port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        const { port: picked } = this.#server.address() as AddressInfo;
        resolve(`http://${host.includes(':') ? `[${host}]` : host}:${picked}`);
      });
    });
  }

  /** Stops listening; resolves when every connection has ended, which the caller's sessions decide. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    return closed;
  }

  /** Cuts what is still connected. */
  closeAll(): void {
    this.#server.closeAllConnections();
  }

  #onRequest(req: IncomingMessage, res: ServerResponse): void {
    const correlation = correlationOf(req.headers['x-correlation-id']);
    res.setHeader('X-Correlation-ID', correlation.id);
    withCorrelation(correlation, () => void this.#handle(req, res));
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { guard, endpoints, access, log } = this.options;
    const observed = this.#observe(req, res);
    try {
      this.#checkGuard(req);
      if (applyCors(req, res, guard.allowedOrigins)) return;
      const url = targetOf(req);
      const mcp = endpoints.match(url.pathname);
      // Until it is let in, any other path is none: it would make a series of its own.
      const page = pageRoute(url.pathname);
      observed.route = mcp?.route ?? (PAGE.test(page) ? page : '_other');
      if (access)
        await access.admit(req, res, { url, route: observed.route, isMcp: mcp !== undefined || TOOL_PATHS.has(url.pathname), server: mcp?.server });
      if (mcp) await mcp.handle(req, res, url);
      else this.#page(req, res, url, observed);
    } catch (error) {
      const known = asHearthError(error);
      if (known.code === 'internal') log.error('internal_error', reasonOf(error), { stack: error instanceof Error ? error.stack : undefined });
      sendError(res, known);
    }
  }

  /** @throws HearthError `forbidden` */
  #checkGuard(req: IncomingMessage): void {
    try {
      checkHostAndOrigin(req, this.options.guard);
    } catch (error) {
      this.options.metrics.rejected.inc({ reason: 'host_or_origin' });
      throw error;
    }
  }

  #page(req: IncomingMessage, res: ServerResponse, url: URL, observed: { route: string }): void {
    const { metadata, pages } = this.options;
    if (metadata?.has(url.pathname)) {
      metadata.answer(req, res, url.pathname);
      return;
    }
    observed.route = pageRoute(url.pathname);
    // Pages match the very path that was let in, whatever form of target it came as.
    req.url = url.pathname + url.search;
    pages(req, res, () => {
      observed.route = '_other';
    });
  }

  /** Counts the request when its answer ends. */
  #observe(req: IncomingMessage, res: ServerResponse): { route: string } {
    const { metrics } = this.options;
    const observed = { route: '_other' };
    const startedAt = performance.now();
    metrics.httpInFlight.inc();
    res.once('close', () => {
      const labels = { method: methodLabel(req.method), route: observed.route };
      metrics.httpInFlight.dec();
      // A client that leaves before its answer has seen no status; 499 says so in many servers' logs.
      metrics.httpRequests.inc({ ...labels, status: String(res.headersSent ? res.statusCode : 499) });
      const isStream = String(res.getHeader('content-type')).startsWith('text/event-stream');
      if (!isStream) metrics.httpDuration.observe(labels, (performance.now() - startedAt) / 1000);
    });
    return observed;
  }
}

/** The request target as a URL; `//x` is a path here, not a host. @throws HearthError `invalid_request` */
function targetOf({ url: target = '/' }: IncomingMessage): URL {
  const text = target.startsWith('/') ? `http://hearth${target}` : target;
  if (!URL.canParse(text)) throw new HearthError('invalid_request', 'Bad request: the request target is malformed.');
  return new URL(text);
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);

function methodLabel(method: string | undefined): string {
  return method !== undefined && METHODS.has(method) ? method : '_other';
}

const PAGE = /^\/(?:v1\/mcp\/tools|mcp-rest\/tools\/call|health(?:\/(?:live|ready))?|healthz|readyz|ready|status|metrics|servers\/\{name\}\/reset)$/;

/** What is listed and called there is limited to what a key covers, as on the MCP paths. */
const TOOL_PATHS = new Set(['/v1/mcp/tools', '/mcp-rest/tools/call']);

/** Known paths are their own template; a server's name is not a label value. */
function pageRoute(path: string): string {
  return path.replace(/^\/servers\/[^/]+/, '/servers/{name}');
}
