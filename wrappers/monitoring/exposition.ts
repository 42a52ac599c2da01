/** One line of `/metrics`. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+([+-]?(?:\d\S*|\.\d\S*|Inf)|NaN)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Parses the text format of Prometheus; lines that are none of it are left out. */
export function parseExposition(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = line.startsWith('#') ? [] : (LINE.exec(line) ?? []);
    if (name === undefined || value === undefined) return [];
    return [{ name, labels: labelsIn(labels), value: numberOf(value) }];
  });
}

function labelsIn(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(LABEL)].map(([, key = '', value = '']) => [key, value.replace(/\\(.)/g, unescapeOne)]));
}

function unescapeOne(_: string, escaped: string): string {
  return escaped === 'n' ? '\n' : escaped;
}

function numberOf(text: string): number {
  if (/^[+-]?Inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return Number(text);
}

/** The metrics of one service at one moment. */
export class Metrics {
  readonly #samples: readonly Sample[];

  constructor(samples: readonly Sample[]) {
    this.#samples = samples;
  }

  of(name: string): Sample[] {
    return this.#samples.filter((sample) => sample.name === name);
  }

  /** The sum over all series, or null where there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number | null {
    const found = this.of(name).filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value));
    return found.length === 0 ? null : found.reduce((total, { value }) => total + value, 0);
  }

  /**
   * What has been counted since an earlier moment: counters and histograms less what they were, gauges as they are.
   * A process that has started since then counted from 0, so all of it is since then.
   */
  since(earlier: Metrics): Metrics {
    if (earlier.sum('process_start_time_seconds') !== this.sum('process_start_time_seconds')) return this;
    const before = new Map(earlier.#samples.map((sample) => [keyOf(sample), sample.value]));
    return new Metrics(
      this.#samples.map((sample) =>
        /_(total|bucket|count|sum)$/.test(sample.name) ? { ...sample, value: sample.value - (before.get(keyOf(sample)) ?? 0) } : sample,
      ),
    );
  }
}

function keyOf({ name, labels }: Sample): string {
  return JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/**
 * The quantile of a histogram, between the bounds of its bucket in a straight line, as Prometheus does it. What lies past
 * the last bound is given as that bound.
 *
 * @param buckets samples with an `le` label; several histograms of the same bounds are added up
 * @returns seconds, or null of an empty histogram
 */
export function quantile(share: number, buckets: readonly Sample[]): number | null {
  const cumulative = new Map<number, number>();
  for (const { labels, value } of buckets) {
    const bound = numberOf(labels.le ?? 'NaN');
    cumulative.set(bound, (cumulative.get(bound) ?? 0) + value);
  }
  const bounds = [...cumulative].sort(([a], [b]) => a - b);
  const total = bounds.at(-1)?.[1] ?? 0;
  if (total <= 0) return null;
  const rank = share * total;
  const index = bounds.findIndex(([, count]) => count >= rank);
  const [upper, count] = bounds[index] ?? [Infinity, total];
  const [lower, below] = bounds[index - 1] ?? [0, 0];
  if (upper === Infinity) return lower;
  return lower + (upper - lower) * (count === below ? 1 : (rank - below) / (count - below));
}
