import { Counter, Gauge } from 'prom-client';

type Labels<L extends string> = Partial<Record<L, string>>;

/** One series, bound to its labels. What it counts its family learns at the next scrape. */
export class Series {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }

  dec(): void {
    this.value--;
  }
}

/**
 * A counter whose busiest series are bound: prom-client checks labels and looks their series up at each call, which a
 * request would pay a dozen times.
 */
export class BoundCounter<L extends string = string> extends Counter<L> {
  readonly #bound = new Map<Series, Labels<L>>();

  /** Nothing is shown of it before it counts. */
  bind(labels: Labels<L>): Series {
    const series = new Series();
    this.#bound.set(series, labels);
    return series;
  }

  /** Forgets a series that was bound, and what it has counted. */
  drop(series: Series): void {
    const labels = this.#bound.get(series);
    if (labels && this.#bound.delete(series)) this.remove(labels);
  }

  override get(): ReturnType<Counter<L>['get']> {
    for (const [series, labels] of this.#bound) {
      if (series.value > 0) this.inc(labels, series.value);
      series.value = 0;
    }
    return super.get();
  }
}

/** The same for a gauge; one that is bound is not set in other ways. */
export class BoundGauge<L extends string = string> extends Gauge<L> {
  readonly #bound: Array<readonly [labels: Labels<L>, series: Series]> = [];

  bind(labels: Labels<L>): Series {
    const series = new Series();
    this.#bound.push([labels, series]);
    return series;
  }

  override get(): ReturnType<Gauge<L>['get']> {
    for (const [labels, { value }] of this.#bound) this.set(labels, value);
    return super.get();
  }
}
