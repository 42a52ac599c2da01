/** Lets so many records through in each window of time, and tells at its end how many it did not. */
export class LogLimit {
  #taken = 0;
  #left = 0;
  #endsAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param max      records in a window
   * @param windowMs its length
   * @param onLeft   gets the number of those that were left out, if any were
   */
  constructor(
    private readonly max: number,
    private readonly windowMs: number,
    private readonly onLeft: (count: number) => void,
  ) {}

  /** Whether one more may be written now. */
  take(now = performance.now()): boolean {
    if (now >= this.#endsAt) {
      this.close();
      this.#taken = 0;
      this.#endsAt = now + this.windowMs;
    }
    if (this.#taken < this.max) {
      this.#taken++;
      return true;
    }
    this.#left++;
    this.#timer ??= setTimeout(() => this.close(), this.#endsAt - now).unref();
    return false;
  }

  /** Tells what was left out so far. Idempotent. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const count = this.#left;
    this.#left = 0;
    if (count > 0) this.onLeft(count);
  }
}
