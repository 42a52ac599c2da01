import { backoffDelay } from './backoff.js';
import { RestartIntensity } from './intensity.js';
import type { SupervisorSettings } from './options.js';

export interface RestartPlan {
  /** Whether another start makes sense soon; if not, the server is given up for a while. */
  readonly hopeful: boolean;
  /** Time until the next start, in milliseconds. */
  readonly delay: number;
  /** The same for people. */
  readonly text: string;
}

/** Counts failures and decides when to start again. */
export class Restarts {
  readonly #intensity: RestartIntensity;
  #inARow = 0;
  #total = 0;
  #lastReason: string | undefined;

  constructor(private readonly settings: SupervisorSettings) {
    this.#intensity = new RestartIntensity(settings.maxRestarts, settings.restartWindow);
  }

  /** Failures since the server last worked. */
  get inARow(): number {
    return this.#inARow;
  }

  /** Of the last failure, until it works again. */
  get lastReason(): string | undefined {
    return this.#lastReason;
  }

  get total(): number {
    return this.#total;
  }

  /** What to do after a failure. A program that cannot even be started is not tried again soon. */
  plan(reason: string): RestartPlan {
    const { backoffMin, backoffMax, retryFailed } = this.settings;
    this.#inARow++;
    this.#total++;
    this.#lastReason = reason;
    const hopeful = reason !== 'spawn_error' && this.#intensity.note(performance.now());
    if (!hopeful) this.#intensity.reset(); // the next try has its full number of restarts again
    const delay = hopeful ? backoffDelay(this.#inARow, backoffMin, backoffMax) : retryFailed;
    return { hopeful, delay, text: hopeful ? `restarting in ${delay} ms` : `giving up; next try in ${Math.round(delay / 1000)} s, or reset it` };
  }

  /** Past failures no longer count. */
  forget(): void {
    this.#intensity.reset();
    this.#inARow = 0;
  }

  succeeded(): void {
    this.#inARow = 0;
    this.#lastReason = undefined;
  }
}
