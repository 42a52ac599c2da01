import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asHearthError, reasonOf } from '../errors.js';
import { bindCorrelation, correlated, correlationOf } from '../telemetry/correlation.js';
import { HttpMetrics } from '../telemetry/http-metrics.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { sendError } from '../transport/io.js';
import type { Access } from './access.js';
import { Answer } from './answer.js';
import { applyCors } from './cors.js';
import type { Endpoints } from './endpoints.js';
import { checkHostAndOrigin, type HostOriginSettings } from './host-origin.js';
import { type RequestTarget, targetOf } from './request-target.js';
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
  readonly #server: Server<typeof IncomingMessage, typeof Answer>;
  readonly #counted: HttpMetrics;

  constructor(private readonly options: ListenerOptions) {
    this.#counted = new HttpMetrics(options.metrics);
    const settings = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS, headersTimeout: 60_000, ServerResponse: Answer };
    this.#server = createServer(settings, (req, res) => this.#onRequest(req, res));
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

  #onRequest(req: IncomingMessage, res: Answer): void {
    const correlation = correlationOf(req.headers);
    bindCorrelation(req, correlation);
    res.always('X-Correlation-ID', correlation.id);
    // A message has nothing to tell before its body is there, which is read in the request's context anyway.
    if (req.method === 'POST' && !this.options.access) this.#handle(req, res);
    else correlated(req, () => this.#handle(req, res));
  }

  /** Nothing waits here, unless somebody has to be asked who the client is. */
  #handle(req: IncomingMessage, res: Answer): void {
    const { guard, endpoints, access } = this.options;
    const observed = this.#observe(req, res);
    try {
      this.#checkGuard(req);
      if (applyCors(req, res, guard.allowedOrigins)) return;
      const target = targetOf(req);
      const mcp = endpoints.match(target.pathname);
      // Until it is let in, any other path is none: it would make a series of its own.
      observed.route = mcp?.route ?? knownPage(target.pathname);
      const serve = (): void => (mcp ? mcp.handle(req, res, target) : this.#page(req, res, target, observed));
      if (!access) {
        serve();
        return;
      }
      const { route } = observed;
      const isMcp = mcp !== undefined || TOOL_PATHS.has(target.pathname);
      access
        .admit(req, res, { url: target, route, isMcp, server: mcp?.server })
        .then(serve)
        .catch((error: unknown) => this.#fail(res, error));
    } catch (error) {
      correlated(req, () => this.#fail(res, error));
    }
  }

  #fail(res: ServerResponse, error: unknown): void {
    const known = asHearthError(error);
    if (known.code === 'internal') {
      this.options.log.error('internal_error', reasonOf(error), { stack: error instanceof Error ? error.stack : undefined });
    }
    sendError(res, known);
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

  #page(req: IncomingMessage, res: Answer, url: RequestTarget, observed: { route: string }): void {
    const { metadata, pages } = this.options;
    if (metadata?.has(url.pathname)) {
      metadata.answer(req, res, url.pathname);
      return;
    }
    observed.route = pageRoute(url.pathname);
    // Pages match the very path that was let in, whatever form of target it came as.
    req.url = url.pathname + url.search;
    res.tell();
    correlated(req, () =>
      pages(req, res, () => {
        observed.route = '_other';
      }),
    );
  }

  /** Counts the request when its answer ends. */
  #observe(req: IncomingMessage, res: Answer): { route: string } {
    const observed = { route: '_other' };
    const startedAt = performance.now();
    this.#counted.started();
    res.on('close', () => {
      // A client that leaves before its answer has seen no status; 499 says so in many servers' logs.
      const status = res.headersSent ? res.statusCode : 499;
      this.#counted.ended(methodLabel(req.method), observed.route, status, res.isStream ? undefined : (performance.now() - startedAt) / 1000);
    });
    return observed;
  }
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);

function methodLabel(method: string | undefined): string {
  return method !== undefined && METHODS.has(method) ? method : '_other';
}

const PAGE = /^\/(?:v1\/mcp\/tools|mcp-rest\/tools\/call|health(?:\/(?:live|ready))?|healthz|readyz|ready|status|metrics|servers\/\{name\}\/reset)$/;

/** What is listed and called there is limited to what a key covers, as on the MCP paths. */
const TOOL_PATHS = new Set(['/v1/mcp/tools', '/mcp-rest/tools/call']);

function knownPage(path: string): string {
  const page = pageRoute(path);
  return PAGE.test(page) ? page : '_other';
}

/** Known paths are their own template; a server's name is not a label value. */
function pageRoute(path: string): string {
  return path.replace(/^\/servers\/[^/]+/, '/servers/{name}');
}
