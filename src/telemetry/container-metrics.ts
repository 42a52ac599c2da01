import type { Counter, Gauge } from 'prom-client';
import type { Metrics } from './metrics.js';

/** What a container uses and may use. */
export interface ContainerUsage {
  /** What cannot be given back: usage without the file cache that is not in use, as Docker and Kubernetes count it. */
  readonly workingSetBytes: number;
  /** Undefined when unlimited. */
  readonly memoryLimitBytes: number | undefined;
  readonly cpuSeconds: number;
  readonly throttledSeconds: number;
  /** Undefined when unlimited. */
  readonly cpuLimitCores: number | undefined;
  readonly oomKills: number;
}

/** Gauges and counters of the container that hearth runs in. Without readings there is no series, rather than one of 0. */
export class ContainerMetrics {
  readonly #workingSet: Gauge;
  readonly #memoryLimit: Gauge;
  readonly #cpuLimit: Gauge;
  readonly #cpuUsage: Counter;
  readonly #throttled: Counter;
  readonly #oomKills: Counter;
  readonly #totals = new Map<Counter, number>();

  constructor(metrics: Metrics) {
    this.#workingSet = metrics.gauge('mcp_container_memory_working_set_bytes', 'Memory of the container that cannot be given back');
    this.#memoryLimit = metrics.gauge('mcp_container_memory_limit_bytes', 'Memory that the container may use; absent when unlimited');
    this.#cpuLimit = metrics.gauge('mcp_container_cpu_limit_cores', 'Cores that the container may use; absent when unlimited');
    this.#cpuUsage = metrics.counter('mcp_container_cpu_usage_seconds_total', 'CPU time of the container');
    this.#throttled = metrics.counter('mcp_container_cpu_throttled_seconds_total', 'Time that the container waited because of its CPU limit');
    this.#oomKills = metrics.counter('mcp_container_oom_kills_total', 'Processes of the container that were killed for want of memory');
    for (const metric of [this.#workingSet, this.#memoryLimit, this.#cpuLimit, this.#cpuUsage, this.#throttled, this.#oomKills]) metric.remove();
  }

  /** @param usage undefined where it cannot be read */
  set(usage: ContainerUsage | undefined): void {
    setOrRemove(this.#workingSet, usage?.workingSetBytes);
    setOrRemove(this.#memoryLimit, usage?.memoryLimitBytes);
    setOrRemove(this.#cpuLimit, usage?.cpuLimitCores);
    if (!usage) return;
    this.#advance(this.#cpuUsage, usage.cpuSeconds);
    this.#advance(this.#throttled, usage.throttledSeconds);
    this.#advance(this.#oomKills, usage.oomKills);
  }

  /** The kernel counts, and never backwards; a value below the last one is a reading that went wrong. */
  #advance(counter: Counter, total: number): void {
    const last = this.#totals.get(counter) ?? 0;
    counter.inc(Math.max(0, total - last));
    this.#totals.set(counter, Math.max(last, total));
  }
}

function setOrRemove(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}
