import type { Metric, Registry } from 'prom-client';

type Labels<L extends string> = Partial<Record<L, string>>;

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What was observed under one set of labels. */
export class Samples {
  /** Values in each bucket alone; the last one is for what is above all bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(private readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at++;
    counts[at] = (counts[at] as number) + 1;
    this.sum += value;
  }
}

export interface HistogramOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly L[];
  /** Upper bounds, in ascending order. */
  readonly buckets: readonly number[];
  readonly registry: Registry;
}

/** A histogram as prom-client's registry expects one, whose series can be bound: its own looks them up at each value. */
export class Histogram<L extends string = string> {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly name: string;
  readonly help: string;
  readonly #buckets: readonly number[];
  readonly #labelNames: readonly L[];
  readonly #series = new Map<string, { readonly labels: Labels<L>; readonly samples: Samples }>();

  constructor({ name, help, labelNames, buckets, registry }: HistogramOptions<L>) {
    this.name = name;
    this.help = help;
    this.#buckets = buckets;
    this.#labelNames = labelNames;
    if (labelNames.length === 0) this.bind({});
    registry.registerMetric(this as unknown as Metric);
  }

  /** The series of these labels; the same one each time. */
  bind(labels: Labels<L>): Samples {
    const key = this.#keyOf(labels);
    const known = this.#series.get(key);
    if (known) return known.samples;
    const samples = new Samples(this.#buckets);
    this.#series.set(key, { labels, samples });
    return samples;
  }

  drop(labels: Labels<L>): void {
    this.#series.delete(this.#keyOf(labels));
  }

  observe(labels: Labels<L>, value: number): void {
    this.bind(labels).observe(value);
  }

  /** For the registry. */
  async get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: [...this.#series.values()].flatMap(({ labels, samples }) => this.#values(labels, samples)) };
  }

  reset(): void {
    this.#series.clear();
  }

  #keyOf(labels: Labels<L>): string {
    return JSON.stringify(this.#labelNames.map((name) => labels[name]));
  }

  #values(labels: Labels<L>, { counts, sum }: Samples): Value[] {
    const own = labels as Record<string, string>;
    let count = 0;
    const buckets = [...this.#buckets, '+Inf'].map((le, at) => {
      count += counts[at] as number;
      return { metricName: `${this.name}_bucket`, labels: { le, ...own }, value: count };
    });
    return [...buckets, { metricName: `${this.name}_sum`, labels: own, value: sum }, { metricName: `${this.name}_count`, labels: own, value: count }];
  }
}
