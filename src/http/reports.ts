import { HearthError } from '../errors.js';
import type { Problem } from '../health/problem.js';
import type { ServerHealth } from '../health/server-health.js';
import { censusOf } from '../process/census.js';
import { readCgroup } from '../process/cgroup.js';
import type { ServerRouter } from '../router/server-router.js';
import type { SessionStore } from '../session/store.js';
import { ContainerMetrics } from '../telemetry/container-metrics.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import type { Reports } from './pages.js';

export interface ReportedServer {
  readonly router: ServerRouter;
  readonly health: ServerHealth;
  readonly metrics: ServerMetrics;
}

export interface ReportOptions {
  readonly version: string;
  readonly servers: readonly ReportedServer[];
  readonly sessions: SessionStore;
  readonly metrics: Metrics;
  /** How long a hub's readiness waits for servers in their first start, in milliseconds. */
  readonly firstStartWait: number;
  /** Whether hearth is on its way down. */
  isDraining(): boolean;
}

/** What `/health`, `/status` and `/metrics` say, taken from the parts themselves. */
export function createReports({ version, servers, sessions, metrics, firstStartWait, isDraining }: ReportOptions): Reports {
  const startedAt = performance.now();
  const container = new ContainerMetrics(metrics);
  const uptime = (): number => Math.round((performance.now() - startedAt) / 1000);

  function readiness(): { ready: boolean; reasons: string[] } {
    if (isDraining()) return { ready: false, reasons: ['hearth is shutting down'] };
    const isStarting = performance.now() - startedAt < firstStartWait && servers.some(({ router }) => router.starting);
    const reasons = servers.flatMap(({ router, health }) => (health.problem ? reasonOf(router, health.problem) : []));
    // A hub serves what it can: one broken server does not make it unready, but all of them do, and so do first starts for a moment.
    return { ready: !isStarting && reasons.length < servers.length, reasons };
  }

  return {
    readiness,
    async health() {
      const { ready, reasons } = readiness();
      const all = await Promise.all(
        servers.map(async ({ router, health }) => ({ ...reportOf(router, health), usage: await censusOf(router.pids()) })),
      );
      const { rss, heapUsed } = process.memoryUsage();
      return {
        status: !ready ? 'down' : reasons.length > 0 ? 'degraded' : 'ok',
        ...(reasons.length > 0 && { reasons }),
        version,
        uptimeSeconds: uptime(),
        memory: { rssBytes: rss, heapUsedBytes: heapUsed },
        cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
        sessions: sessions.size,
        servers: all,
      };
    },
    status() {
      return {
        version,
        uptimeSeconds: uptime(),
        draining: isDraining(),
        sessions: { active: sessions.size, byTransport: sessions.byTransport(), oldestIdleSeconds: Math.round(sessions.oldestIdleSeconds()) },
        servers: servers.map(({ router, health }) => reportOf(router, health)),
      };
    },
    reset(name) {
      const found = servers.find(({ router }) => router.name === name);
      if (!found) throw new HearthError('not_found', `There is no server "${name}".`);
      found.router.reset();
      found.health.forget();
    },
    async refresh() {
      metrics.sessionOldestIdle.set(sessions.oldestIdleSeconds());
      metrics.ready.set(readiness().ready ? 1 : 0);
      container.set(await readCgroup());
      for (const { router, health, metrics: own } of servers) {
        health.measure();
        own.admission(router.admission());
        own.used(await censusOf(router.pids()));
      }
    },
  };
}

function reportOf(router: ServerRouter, health: ServerHealth): Record<string, unknown> {
  const found = health.report();
  return { ...router.report(), ready: found.problem === undefined, ...found };
}

/** The server's name goes before what is wrong, unless it is in it already. */
function reasonOf({ name }: ServerRouter, { message }: Problem): string {
  return message.startsWith('Server "') ? message : `Server "${name}" does not work: ${message}.`;
}
