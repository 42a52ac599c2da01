import type { Samples } from './histogram.js';
import type { Metrics } from './metrics.js';
import type { Series } from './series.js';

/** The series of one method on one route. */
interface RouteSeries {
  readonly byStatus: Map<number, Series>;
  readonly duration: Samples;
}

/** What is counted of HTTP requests. Methods and routes are known names, so their series are few. */
export class HttpMetrics {
  readonly #inFlight: Series;
  readonly #routes = new Map<string, Map<string, RouteSeries>>();

  constructor(private readonly metrics: Metrics) {
    this.#inFlight = metrics.httpInFlight.bind({});
  }

  started(): void {
    this.#inFlight.inc();
  }

  /**
   * @param route template
   * @param seconds until the answer; undefined for event streams, which last as long as they like
   */
  ended(method: string, route: string, status: number, seconds: number | undefined): void {
    this.#inFlight.dec();
    const { byStatus, duration } = this.#of(method, route);
    let series = byStatus.get(status);
    if (!series) {
      series = this.metrics.httpRequests.bind({ method, route, status: String(status) });
      byStatus.set(status, series);
    }
    series.inc();
    if (seconds !== undefined) duration.observe(seconds);
  }

  #of(method: string, route: string): RouteSeries {
    let methods = this.#routes.get(route);
    if (!methods) {
      methods = new Map();
      this.#routes.set(route, methods);
    }
    const known = methods.get(method);
    if (known) return known;
    const made = { byStatus: new Map<number, Series>(), duration: this.metrics.httpDuration.bind({ method, route }) };
    methods.set(method, made);
    return made;
  }
}
