import type { Histogram, Samples } from './histogram.js';
import type { BoundCounter, Series } from './series.js';

export const OUTCOMES = ['ok', 'tool_error', 'rpc_error', 'client_error', 'timeout', 'cancelled', 'child_exit'] as const;
export type Outcome = (typeof OUTCOMES)[number];

type Labels = Record<string, string>;

/** The series of one method or tool. */
class OutcomeSeries {
  readonly #byOutcome = new Map<Outcome, Series>();
  readonly #duration: Samples;

  constructor(
    private readonly counter: BoundCounter,
    private readonly durations: Histogram,
    private readonly labels: Labels,
  ) {
    this.#duration = durations.bind(labels);
  }

  count(outcome: Outcome, seconds: number): void {
    let series = this.#byOutcome.get(outcome);
    if (!series) {
      series = this.counter.bind({ ...this.labels, outcome });
      this.#byOutcome.set(outcome, series);
    }
    series.inc();
    this.#duration.observe(seconds);
  }

  drop(): void {
    for (const series of this.#byOutcome.values()) this.counter.drop(series);
    this.durations.drop(this.labels);
  }
}

/** A counter by outcome with its durations, bound for each name that it has seen. Names are known ones, so they are few. */
export class Outcomes {
  readonly #byName = new Map<string, OutcomeSeries>();

  constructor(
    private readonly counter: BoundCounter,
    private readonly durations: Histogram,
    private readonly labelsOf: (name: string) => Labels,
  ) {}

  of(name: string): OutcomeSeries {
    let series = this.#byName.get(name);
    if (!series) {
      series = new OutcomeSeries(this.counter, this.durations, this.labelsOf(name));
      this.#byName.set(name, series);
    }
    return series;
  }

  /** Nothing of this name is shown any more. */
  forget(name: string): void {
    this.#byName.get(name)?.drop();
    this.#byName.delete(name);
  }
}
