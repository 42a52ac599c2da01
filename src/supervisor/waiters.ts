import type { HearthError } from '../errors.js';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: HearthError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Callers that wait for a child to become ready, each with its own time limit. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /**
   * @param limitMs longest wait
   * @param tooLong makes the error for a wait that reached the limit
   */
  wait(limitMs: number, tooLong: () => HearthError): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve,
        reject,
        timer: setTimeout(() => {
          this.#waiting.delete(waiter);
          reject(tooLong());
        }, limitMs),
      };
      this.#waiting.add(waiter);
    });
  }

  /** Everybody goes on, or everybody fails. */
  release(error?: HearthError): void {
    for (const { resolve, reject, timer } of this.#waiting) {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve();
    }
    this.#waiting.clear();
  }
}
