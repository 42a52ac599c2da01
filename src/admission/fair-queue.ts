import type { QueueAddOptions } from 'p-queue';

/** p-queue hands these on to the queue with every task. */
export interface FairOptions extends QueueAddOptions {
  /** Whose turn the task takes. */
  readonly owner?: object;
}

type Run = () => Promise<unknown>;

interface Waiting {
  readonly run: Run;
  /** p-queue's own name of the task. */
  readonly id: string | undefined;
}

/**
 * A queue that serves owners in turn, each one first in, first out: a session with a thousand waiting requests gets
 * one place in the row like everybody else. In the shape that p-queue expects of a queue class.
 */
export class FairQueue {
  /** Insertion order is the order of turns: an owner that was served goes to the end. */
  readonly #waiting = new Map<object, Waiting[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  enqueue(run: Run, { owner = this, id }: Partial<FairOptions> = {}): void {
    const waiting = this.#waiting.get(owner);
    if (waiting) waiting.push({ run, id });
    else this.#waiting.set(owner, [{ run, id }]);
    this.#size++;
  }

  dequeue(): Run | undefined {
    const [next] = this.#waiting;
    if (!next) return undefined;
    const [owner, waiting] = next;
    const first = waiting.shift();
    this.#waiting.delete(owner);
    if (waiting.length > 0) this.#waiting.set(owner, waiting);
    this.#size--;
    return first?.run;
  }

  /** Whoever waits under this name has left. */
  remove(id: string): void {
    for (const [owner, waiting] of this.#waiting) {
      const at = waiting.findIndex((task) => task.id === id);
      if (at < 0) continue;
      waiting.splice(at, 1);
      if (waiting.length === 0) this.#waiting.delete(owner);
      this.#size--;
      return;
    }
  }

  filter(): Run[] {
    return [...this.#waiting.values()].flat().map(({ run }) => run);
  }

  setPriority(): void {
    // Turns are the only priority there is.
  }
}
