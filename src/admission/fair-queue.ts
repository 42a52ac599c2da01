import type { QueueAddOptions } from 'p-queue';

/** p-queue hands these on to the queue with every task. */
export interface FairOptions extends QueueAddOptions {
  /** Whose turn the task takes. */
  readonly owner?: object;
}

type Run = () => Promise<unknown>;

/**
 * A queue that serves owners in turn, each one first in, first out: a session with a thousand waiting requests gets
 * one place in the row like everybody else. In the shape that p-queue expects of a queue class.
 */
export class FairQueue {
  /** Insertion order is the order of turns: an owner that was served goes to the end. */
  readonly #waiting = new Map<object, Run[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  enqueue(run: Run, { owner = this }: Partial<FairOptions> = {}): void {
    const runs = this.#waiting.get(owner);
    if (runs) runs.push(run);
    else this.#waiting.set(owner, [run]);
    this.#size++;
  }

  dequeue(): Run | undefined {
    const [next] = this.#waiting;
    if (!next) return undefined;
    const [owner, runs] = next;
    const run = runs.shift();
    this.#waiting.delete(owner);
    if (runs.length > 0) this.#waiting.set(owner, runs);
    this.#size--;
    return run;
  }

  filter(): Run[] {
    return [...this.#waiting.values()].flat();
  }

  setPriority(): void {
    // Turns are the only priority there is.
  }
}
