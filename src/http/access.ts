import type { IncomingMessage } from 'node:http';
import { addressKey } from '../auth/address.js';
import type { Authenticator } from '../auth/authenticator.js';
import { refuseKeyInQuery } from '../auth/credential.js';
import { bindPrincipal, type Principal } from '../auth/principal.js';
import { type Budget, type RateKind, type RateLimits, rateLimited } from '../auth/rate-limits.js';
import { outOfScope, Refusal } from '../auth/refusal.js';
import { HearthError } from '../errors.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Answer } from './answer.js';
import type { RequestTarget } from './request-target.js';
import type { ResourceMetadata } from './resource-metadata.js';

/** Paths that may be opened to everybody, by the name that the config has for them. */
const GROUPS: Readonly<Record<string, OpenGroup>> = { '/health': 'health', '/status': 'status', '/metrics': 'metrics' };
export const OPEN_GROUPS = ['health', 'metrics', 'status'] as const;
export type OpenGroup = (typeof OPEN_GROUPS)[number];

/** What says that the process runs and works is for probes, which have no keys, and says nothing else. */
const ALWAYS_OPEN = new Set(['/health/live', '/healthz', '/health/ready', '/readyz', '/ready']);

export interface AccessOptions {
  readonly authenticator: Authenticator | undefined;
  readonly open: readonly OpenGroup[];
  readonly rates: RateLimits | undefined;
  /** What clients find out about the issuer of tokens, where there is one. */
  readonly metadata: ResourceMetadata | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What a request is for. */
export interface Target {
  readonly url: RequestTarget;
  /** Template, for logs. */
  readonly route: string;
  /** Whether MCP is spoken there. */
  readonly isMcp: boolean;
  /** The one server that is reached there; undefined for a hub and for everything else. */
  readonly server: string | undefined;
}

/** Who may do what on which path, and how often. One gate for everything that the listener serves. */
export class Access {
  constructor(private readonly options: AccessOptions) {}

  /**
   * Lets a request in, and says who makes it.
   * @throws HearthError 400, 401, 403, 429, 503, with headers set that go with it
   */
  async admit(req: IncomingMessage, res: Answer, target: Target): Promise<void> {
    try {
      await this.#admit(req, res, target);
    } catch (error) {
      if (error instanceof Refusal) this.#refused(error, req, res, target);
      throw error;
    }
  }

  async #admit(req: IncomingMessage, res: Answer, target: Target): Promise<void> {
    const { authenticator, rates, open } = this.options;
    const { pathname } = target.url;
    if (ALWAYS_OPEN.has(pathname)) return;
    this.#checkQuery(target.url);
    const left = rates && (await this.#count(rates, 'address', addressKey(req.socket.remoteAddress ?? ''), res));
    const group = GROUPS[pathname];
    const isOpen = (group !== undefined && open.includes(group)) || this.options.metadata?.has(pathname) === true;
    if (!authenticator || isOpen) return;
    const principal = await authenticator.authenticate(req);
    if (rates) await this.#count(rates, 'key', principal.id, res, left, principal.name);
    checkScope(principal, target);
    bindPrincipal(req, principal);
  }

  /** Also where nobody needs a key: whoever sends one in a URL has it in every log on the way. */
  #checkQuery({ search, searchParams }: RequestTarget): void {
    if (!this.options.authenticator || search === '') return;
    try {
      refuseKeyInQuery(searchParams);
    } catch (error) {
      throw error instanceof HearthError ? new Refusal(error, 'in_query') : error;
    }
  }

  /** @param other what is left of another limit: the tighter one is told @param principal whose key it is, for the log */
  async #count(rates: RateLimits, kind: RateKind, key: string, res: Answer, other?: Budget, principal?: string): Promise<Budget | undefined> {
    const budget = await rates.count(kind, key);
    if (!budget) return other;
    if (!other || budget.remaining < other.remaining) tell(res, budget);
    if (!budget.limited) return budget;
    this.options.metrics.rateLimited.inc({ by: kind });
    throw rateLimited(kind, seconds(budget.reset), principal);
  }

  #refused({ failure, http, retryAfter, principal }: Refusal, req: IncomingMessage, res: Answer, { url, route }: Target): void {
    const { metrics, log, metadata } = this.options;
    if (retryAfter !== undefined) res.setHeader('Retry-After', String(Math.max(1, retryAfter)));
    if (http === 401) res.setHeader('WWW-Authenticate', metadata ? metadata.challenge(req, url.pathname) : 'Bearer realm="hearth"');
    if (http === 403 && metadata) res.setHeader('WWW-Authenticate', metadata.challenge(req, url.pathname, 'insufficient_scope'));
    if (failure !== 'rate') metrics.authFailures.inc({ reason: failure });
    // Whoever is over a limit would fill the log; who comes without a key is no danger.
    const level = retryAfter !== undefined ? 'debug' : failure === 'missing' ? 'info' : 'warn';
    log[level](failure === 'rate' ? 'rate_limited' : 'auth_failed', `${req.method} ${route}: ${failure}`, {
      reason: failure,
      status: http,
      method: req.method,
      route,
      address: req.socket.remoteAddress,
      ...(principal !== undefined && { principal }),
    });
  }
}

/** A key of a part of the servers is for MCP: everything else tells of all servers, or acts on them. @throws Refusal 403 */
function checkScope(principal: Principal, { isMcp, server, route }: Target): void {
  if (principal.scope === '') return;
  if (!isMcp) throw outOfScope(`${route}, which is for keys without limits`, principal.name);
  if (server !== undefined && !principal.mayUse(server)) throw outOfScope('this server', principal.name);
}

/** draft-ietf-httpapi-ratelimit-headers-06, section 5, whose three fields clients know. */
function tell(res: Answer, { limit, remaining, reset }: Budget): void {
  res.always('RateLimit-Limit', String(limit));
  res.always('RateLimit-Remaining', String(remaining));
  res.always('RateLimit-Reset', String(seconds(reset)));
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
