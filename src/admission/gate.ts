import PQueue from 'p-queue';
import { HearthError } from '../errors.js';
import { Breaker, type BreakerSettings, type BreakerState } from './breaker.js';
import { type FairOptions, FairQueue } from './fair-queue.js';

export interface GateSettings {
  /** Requests that one server works on at once; 0 means no limit. */
  readonly maxConcurrent: number;
  /** Requests that may wait for a place. */
  readonly maxQueued: number;
  /** Longest wait for a place, in milliseconds. */
  readonly maxWait: number;
  readonly breaker: BreakerSettings;
}

export interface GateReport {
  readonly running: number;
  readonly waiting: number;
  readonly breaker: BreakerState;
}

/** What the gate says to one who wants to enter. */
export interface Entrant {
  /** Whose turn it takes; sessions are served in turn. */
  readonly owner: object;
  /** Runs when there is room; its promise ends its turn. */
  task(): Promise<void>;
  /** It waited too long: it will not run any more. */
  onExpired(error: HearthError): void;
}

/** Lets a bounded number of requests through to one server, sessions in turn; the others wait in a bounded queue. */
export class Gate {
  readonly breaker: Breaker;
  readonly #queue: PQueue<FairQueue, FairOptions>;

  constructor(
    private readonly server: string,
    private readonly settings: GateSettings,
  ) {
    this.breaker = new Breaker(settings.breaker);
    this.#queue = new PQueue({ concurrency: settings.maxConcurrent || Number.POSITIVE_INFINITY, queueClass: FairQueue });
  }

  /**
   * @returns gives the place back, in the queue too: who left neither waits nor counts any more
   * @throws HearthError `breaker_open`, or `overloaded` when the queue is full
   */
  enter(entrant: Entrant): () => void {
    const { server, settings } = this;
    // Before the breaker, which would take a refused request for its one probe.
    if (this.#queue.size >= settings.maxQueued) throw this.#busy(`${this.#queue.size} requests are waiting`);
    if (!this.breaker.allows()) {
      const seconds = Math.ceil(this.breaker.retryInMs() / 1000);
      throw new HearthError(
        'breaker_open',
        `Server "${server}" has failed ${settings.breaker.failures} times in a row; it is tried again in ${seconds} s.`,
        server,
      );
    }
    const place = new AbortController();
    const leave = (): void => {
      clearTimeout(timer);
      place.abort();
    };
    const timer = setTimeout(() => {
      leave();
      entrant.onExpired(this.#busy(`no place became free within ${settings.maxWait} ms`));
    }, settings.maxWait);
    const run = (): Promise<void> => {
      clearTimeout(timer);
      return entrant.task();
    };
    this.#queue.add(run, { owner: entrant.owner, signal: place.signal }).catch(() => {}); // it has left
    return leave;
  }

  /** For `/status` and metrics. */
  report(): GateReport {
    return { running: this.#queue.pending, waiting: this.#queue.size, breaker: this.breaker.state() };
  }

  #busy(why: string): HearthError {
    return new HearthError('overloaded', `Server "${this.server}" is busy: ${why}. Try again later.`, this.server);
  }
}
