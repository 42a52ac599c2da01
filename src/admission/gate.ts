import PQueue from 'p-queue';
import { HearthError } from '../errors.js';

export interface GateSettings {
  /** Requests that one server works on at once; 0 means no limit. */
  readonly maxConcurrent: number;
  /** Requests that may wait for a place. */
  readonly maxQueued: number;
}

/** Lets a bounded number of requests through to one server; the others wait in a bounded queue. */
export class Gate {
  readonly #queue: PQueue;

  constructor(
    private readonly server: string,
    private readonly settings: GateSettings,
  ) {
    this.#queue = new PQueue({ concurrency: settings.maxConcurrent || Number.POSITIVE_INFINITY });
  }

  /**
   * Runs the task when there is room; its promise ends its turn.
   * @throws HearthError `overloaded` when the queue is full
   */
  enter(task: () => Promise<void>): void {
    if (this.#queue.size >= this.settings.maxQueued) {
      throw new HearthError('overloaded', `Server "${this.server}" is busy: ${this.#queue.size} requests are waiting. Try again later.`, this.server);
    }
    void this.#queue.add(task);
  }

  /** For `/status`. */
  report(): { running: number; waiting: number } {
    return { running: this.#queue.pending, waiting: this.#queue.size };
  }
}
