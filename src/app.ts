import { setTimeout as delay } from 'node:timers/promises';
import { AuditLog } from './audit-log.js';
import { type AccessParts, accessOf } from './auth-setup.js';
import type { Config, ServerConfig } from './config/schema.js';
import { connectorOf, needsOf } from './connect.js';
import { Overheard } from './health/overheard.js';
import { healthOf, ownUrl } from './health-setup.js';
import { Endpoints } from './http/endpoints.js';
import { Listener } from './http/listener.js';
import { createPages } from './http/pages.js';
import { redactedReports } from './http/redacted-reports.js';
import { createReports, type ReportedServer } from './http/reports.js';
import { ToolsApi } from './http/tools-api.js';
import { learnSecrets } from './known-secrets.js';
import { Watchdog } from './process/watchdog.js';
import { HubRouter } from './router/hub-router.js';
import type { Router } from './router/router.js';
import { ServerRouter } from './router/server-router.js';
import { StatelessCalls } from './session/stateless-calls.js';
import { SessionStore } from './session/store.js';
import { replayStoreOf } from './state.js';
import type { Log } from './telemetry/log.js';
import { Metrics } from './telemetry/metrics.js';
import { Redactor } from './telemetry/redactor.js';
import { ServerMetricFamilies } from './telemetry/server-metrics.js';
import { Tracing } from './telemetry/tracing.js';

export interface AppOptions {
  readonly config: Config;
  readonly version: string;
  /** Folders put at the end of children's PATH. */
  readonly extraPath: readonly string[];
  readonly log: Log;
  /** The one that `log` has too. */
  readonly redactor?: Redactor;
}

const POLL_MS = 20;
/** Longest wait before the next look at a remote server that is away. */
const REMOTE_BACKOFF_MS = 5_000;

/** The running program: every part wired once, from the config alone. */
export class App {
  readonly sessions: SessionStore;
  readonly stateless: StatelessCalls;
  readonly servers: readonly ReportedServer[];
  readonly #guarded: AccessParts;
  readonly #listener: Listener;
  readonly #watchdog = new Watchdog();
  readonly #redactor: Redactor;
  readonly #audit: AuditLog;
  readonly #tracing: Tracing;
  #draining = false;
  #url = '';

  constructor(private readonly options: AppOptions) {
    const { config, version, log } = options;
    const { http, limits } = config;
    this.#redactor = options.redactor ?? new Redactor();
    learnSecrets(config, this.#redactor);
    const metrics = new Metrics(version);
    // First, since it may throw: timers of the others would keep the process alive.
    this.#guarded = accessOf(config, metrics, log);
    const { access, metadata } = this.#guarded;
    this.#audit = new AuditLog(config, log, this.#redactor);
    this.#tracing = new Tracing(config.traces);
    const entries = Object.entries(config.servers);
    const families = new ServerMetricFamilies(metrics, entries.length > 1);
    const hub = entries.length > 1 ? new HubRouter(version, limits.firstListWait) : undefined;
    this.servers = entries.map(([name, server]) => this.#makeServer(name, server, metrics, families, hub));
    const routers = new Map<string, Router>(this.servers.map(({ router }) => [router.name, router]));
    this.sessions = new SessionStore(
      {
        maxSessions: limits.sessions,
        maxPerClient: limits.sessionsPerClient,
        maxAge: limits.sessionMaxAge,
        idleTimeout: limits.sessionTimeout,
        sweepInterval: Math.min(limits.sweepInterval, Math.max(10, limits.sessionTimeout / 4)),
        maxAsked: limits.asked,
        askTimeout: limits.requestTimeout,
      },
      metrics,
      log,
      replayStoreOf(config, metrics, log),
    );
    this.stateless = new StatelessCalls({ maxWaiting: limits.sessions, maxAsked: limits.asked, askTimeout: limits.inputTimeout }, metrics);
    const credentialHeaders = Object.values(config.servers).flatMap(({ credentials }) =>
      Object.values(credentials).map((name) => name.toLowerCase()),
    );
    const settings = {
      ...http,
      maxBuffered: limits.clientBuffer,
      maxMessage: limits.message,
      maxBatch: limits.batch,
      maxDepth: limits.depth,
      credentialHeaders,
    };
    const root = hub ?? (this.servers[0] as ReportedServer).router;
    const reports = createReports({
      version,
      servers: this.servers,
      sessions: this.sessions,
      metrics,
      firstStartWait: limits.firstListWait,
      isDraining: () => this.#draining,
    });
    const tools = new ToolsApi({ servers: this.servers.map(({ router }) => router), stateless: this.stateless, settings });
    this.#listener = new Listener({
      endpoints: new Endpoints(root, routers, { sessions: this.sessions, stateless: this.stateless, settings, metrics, log }),
      pages: createPages(redactedReports(reports, this.#redactor), tools, metrics, log),
      guard: http,
      access,
      metadata,
      metrics,
      log,
    });
  }

  /** Starts the servers and listens. @returns the base URL @throws Error of `listen` when the port cannot be had */
  async start(): Promise<string> {
    const { host, port } = this.options.config.listen;
    const { authenticator, rates } = this.#guarded;
    await this.#tracing.load(this.options.version, this.options.log, this.#redactor);
    const listening = Promise.resolve(rates?.prepare()).then(() => this.#listener.listen(host, port));
    const url = await listening.catch(async (error: unknown) => {
      await this.stop(); // its timers would keep the process alive
      throw error;
    });
    authenticator?.start(() => {
      this.sessions.dropInvalid();
      this.stateless.dropInvalid();
    });
    this.#url = ownUrl(url);
    for (const { router, health } of this.servers) {
      router.start();
      health.start();
    }
    return url;
  }

  /** Whether a request of any session is still being worked on. */
  get busy(): boolean {
    return this.servers.some(({ router }) => router.busy);
  }

  /** Ends everything: no new sessions, requests in flight get their time, then children, streams and sockets. Idempotent. */
  async stop(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#guarded.authenticator?.stop();
    this.sessions.drain();
    this.stateless.drain();
    const looked = Promise.all(this.servers.map(({ health }) => health.stop()));
    const deadline = performance.now() + this.options.config.limits.drain;
    while (this.busy && performance.now() < deadline) await delay(POLL_MS);
    const stopped = Promise.all(this.servers.map(({ router }) => router.stop()));
    this.sessions.closeAll('shutdown');
    this.stateless.closeAll();
    const closed = this.#listener.close();
    await Promise.all([stopped, looked]);
    this.#listener.closeAll();
    await closed;
    await Promise.all([
      this.#watchdog.close(),
      this.sessions.replay.close(),
      this.#guarded.rates?.close(),
      this.#audit.close(),
      this.#tracing.close(),
    ]);
  }

  #makeServer(name: string, server: ServerConfig, metrics: Metrics, families: ServerMetricFamilies, hub: HubRouter | undefined): ReportedServer {
    const { limits, http } = this.options.config;
    const log = this.options.log.with({ server: name });
    const serverMetrics = families.of(name);
    const overheard = new Overheard(server.check?.deniedBy ?? []);
    const onStderr = (line: string): void => overheard.hear(line);
    const shared = { limits, extraPath: this.options.extraPath, watchdog: this.#watchdog, redactor: this.#redactor };
    const context = { ...shared, log, metrics: serverMetrics, onStderr };
    const isRemote = server.url !== undefined;
    const needs = (): string | undefined => needsOf(server);
    const router = new ServerRouter(
      {
        ...server,
        name,
        era: isRemote ? 'legacy' : server.era,
        offer: Object.fromEntries(server.offer.map((capability) => [capability, OFFERED[capability]])),
        version: this.options.version,
        connect: connectorOf(name, server, context),
        needs,
        credentials: Object.fromEntries(Object.entries(server.credentials).map(([variable, header]) => [variable, header.toLowerCase()])),
        supervisor: {
          ...server,
          // A remote server costs nothing while it is away, so it is never given up and looked for often.
          backoffMax: isRemote ? Math.min(server.backoffMax, REMOTE_BACKOFF_MS) : server.backoffMax,
          maxRestarts: isRemote ? Number.POSITIVE_INFINITY : server.maxRestarts,
          heartbeatInterval: server.ping,
          heartbeatTimeout: server.pingTimeout,
        },
        spawnRate: limits.spawnRate,
        link: {
          maxPending: limits.pending,
          maxPendingPerSession: limits.pendingPerSession,
          requestTimeout: limits.requestTimeout,
          maxRequestTime: limits.maxRequestTime,
          retries: server.retries,
          correlation: server.correlation,
          transport: isRemote ? 'tcp' : 'pipe',
          keepAliveInterval: http.heartbeat,
        },
        gate: {
          maxConcurrent: limits.concurrency,
          maxQueued: limits.queue,
          maxWait: limits.queueAge,
          breaker: { failures: server.breakerFailures, openMs: server.breakerOpen },
        },
        tools: { allowTools: server.allowTools, denyTools: server.denyTools, readOnly: server.readOnly, validate: server.validate },
        cache: { ttl: server.cacheTtl, maxEntries: server.cacheEntries, coalesce: server.coalesce },
        audit: this.#audit.settings && { ...this.#audit.settings, log: this.#audit.settings.log.with({ server: name }) },
        log,
        metrics,
        serverMetrics,
        tracing: this.#tracing,
      },
      hub,
    );
    hub?.add(router);
    const health = healthOf(server, { router, needs, log, metrics: serverMetrics }, overheard, () => this.#url);
    return { router, metrics: serverMetrics, health };
  }
}

/** What each client capability looks like in `initialize`, complete as of 2025-11-25. */
const OFFERED = {
  sampling: { tools: {}, context: {} },
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
} as const;
