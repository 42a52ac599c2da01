import { setTimeout as delay } from 'node:timers/promises';
import type { Config, ServerConfig } from './config/schema.js';
import { Endpoints } from './http/endpoints.js';
import { Listener } from './http/listener.js';
import { createPages } from './http/pages.js';
import { createReports, type ReportedServer } from './http/reports.js';
import { HubRouter } from './router/hub-router.js';
import type { Router } from './router/router.js';
import { ServerRouter } from './router/server-router.js';
import { SessionStore } from './session/store.js';
import type { Log } from './telemetry/log.js';
import { Metrics } from './telemetry/metrics.js';
import { ServerMetricFamilies } from './telemetry/server-metrics.js';
import { stdioUpstream } from './upstream/stdio.js';

export interface AppOptions {
  readonly config: Config;
  readonly version: string;
  /** Folders put at the end of children's PATH. */
  readonly extraPath: readonly string[];
  readonly log: Log;
}

const POLL_MS = 20;

/** The running program: every part wired once, from the config alone. */
export class App {
  readonly sessions: SessionStore;
  readonly servers: readonly ReportedServer[];
  readonly #listener: Listener;
  #draining = false;

  constructor(private readonly options: AppOptions) {
    const { config, version, log } = options;
    const { http, limits } = config;
    const metrics = new Metrics(version);
    const entries = Object.entries(config.servers);
    const families = new ServerMetricFamilies(metrics, entries.length > 1);
    const hub = entries.length > 1 ? new HubRouter(version, limits.firstListWait) : undefined;
    this.servers = entries.map(([name, server]) => this.#makeServer(name, server, metrics, families, hub));
    const routers = new Map<string, Router>(this.servers.map(({ router }) => [router.name, router]));
    this.sessions = new SessionStore(
      {
        maxSessions: limits.sessions,
        idleTimeout: limits.sessionTimeout,
        sweepInterval: Math.min(limits.sweepInterval, Math.max(10, limits.sessionTimeout / 4)),
        maxAsked: limits.asked,
        askTimeout: limits.requestTimeout,
      },
      metrics,
      log,
    );
    const settings = { ...http, maxBuffered: limits.clientBuffer, maxMessage: limits.message };
    const root = hub ?? (this.servers[0] as ReportedServer).router;
    const reports = createReports({ version, servers: this.servers, sessions: this.sessions, metrics, isDraining: () => this.#draining });
    this.#listener = new Listener({
      endpoints: new Endpoints(root, routers, { sessions: this.sessions, settings, metrics, log }),
      pages: createPages(reports, metrics, log),
      guard: http,
      metrics,
      log,
    });
  }

  /** Starts the servers and listens. @returns the base URL @throws Error of `listen` when the port cannot be had */
  async start(): Promise<string> {
    const { host, port } = this.options.config.listen;
    const url = await this.#listener.listen(host, port);
    for (const { router } of this.servers) router.start();
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
    this.sessions.drain();
    const deadline = performance.now() + this.options.config.limits.drain;
    while (this.busy && performance.now() < deadline) await delay(POLL_MS);
    const stopped = Promise.all(this.servers.map(({ router }) => router.stop()));
    this.sessions.closeAll('shutdown');
    const closed = this.#listener.close();
    await stopped;
    this.#listener.closeAll();
    await closed;
  }

  #makeServer(name: string, server: ServerConfig, metrics: Metrics, families: ServerMetricFamilies, hub: HubRouter | undefined): ReportedServer {
    const { limits, http } = this.options.config;
    const log = this.options.log.with({ server: name });
    const serverMetrics = families.of(name);
    const stdio = {
      ...server,
      extraPath: this.options.extraPath,
      stop: { eofMs: server.stopEof, termMs: server.stopTerm },
      maxPendingInput: limits.childBuffer,
      maxMessage: limits.message,
      stderrLines: limits.stderrLines,
    };
    const router = new ServerRouter(
      {
        ...server,
        name,
        offer: Object.fromEntries(server.offer.map((capability) => [capability, OFFERED[capability]])),
        version: this.options.version,
        connect: stdioUpstream(stdio, log, serverMetrics),
        supervisor: { ...server, heartbeatInterval: server.ping, heartbeatTimeout: server.pingTimeout },
        link: { maxPending: limits.pending, requestTimeout: limits.requestTimeout, keepAliveInterval: http.heartbeat },
        gate: { maxConcurrent: limits.concurrency, maxQueued: limits.queue },
        log,
        metrics,
        serverMetrics,
      },
      hub,
    );
    hub?.add(router);
    return { router, metrics: serverMetrics };
  }
}

/** What each client capability looks like in `initialize`, complete as of 2025-11-25. */
const OFFERED = {
  sampling: { tools: {}, context: {} },
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
} as const;
