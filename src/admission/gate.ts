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
  /** Begins when there is room, maybe before `enter` returns. */
  begin(): void;
  /** It waited too long: it will not begin any more. */
  onExpired(error: HearthError): void;
}

/** Lets a bounded number of requests through to one server, sessions in turn; the others wait in a bounded queue. */
export class Gate {
  readonly breaker: Breaker;
  /** Undefined without a limit: then nobody ever waits. */
  readonly #queue: PQueue<FairQueue, FairOptions> | undefined;
  #running = 0;

  constructor(
    private readonly server: string,
    private readonly settings: GateSettings,
  ) {
    this.breaker = new Breaker(settings.breaker);
    if (settings.maxConcurrent > 0) this.#queue = new PQueue({ concurrency: settings.maxConcurrent, queueClass: FairQueue });
  }

  /**
   * @returns gives the place back, in the queue too: who left neither waits nor counts any more. Idempotent.
   * @throws HearthError `breaker_open`, or `overloaded` when the queue is full
   */
  enter(entrant: Entrant): () => void {
    // Before the breaker, which would take a refused request for its one probe.
    if (this.#waiting >= this.settings.maxQueued) throw this.#busy(`${this.#waiting} requests are waiting`);
    if (!this.breaker.allows()) throw this.#open();
    if (this.#queue) return this.#enqueue(this.#queue, entrant);
    this.#running++;
    let isIn = true;
    entrant.begin();
    return () => {
      if (isIn) this.#running--;
      isIn = false;
    };
  }

  /** For `/status`. */
  report(): GateReport {
    return { running: this.#queue?.pending ?? this.#running, waiting: this.#waiting, breaker: this.breaker.state() };
  }

  get #waiting(): number {
    return this.#queue?.size ?? 0;
  }

  #enqueue(queue: PQueue<FairQueue, FairOptions>, entrant: Entrant): () => void {
    const place = new AbortController();
    let giveBack = (): void => place.abort();
    const leave = (): void => {
      clearTimeout(timer);
      giveBack();
    };
    const timer = setTimeout(() => {
      leave();
      entrant.onExpired(this.#busy(`no place became free within ${this.settings.maxWait} ms`));
    }, this.settings.maxWait);
    const task = (): Promise<void> => {
      clearTimeout(timer);
      return new Promise((resolve) => {
        giveBack = resolve;
        entrant.begin();
      });
    };
    queue.add(task, { owner: entrant.owner, signal: place.signal }).catch(() => {}); // it has left
    return leave;
  }

  #open(): HearthError {
    const seconds = Math.ceil(this.breaker.retryInMs() / 1000);
    const text = `Server "${this.server}" has failed ${this.settings.breaker.failures} times in a row; it is tried again in ${seconds} s.`;
    return new HearthError('breaker_open', text, this.server);
  }

  #busy(why: string): HearthError {
    return new HearthError('overloaded', `Server "${this.server}" is busy: ${why}. Try again later.`, this.server);
  }
}
