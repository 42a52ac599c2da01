/** At most so many events in any window: what is refused does not count. */
export class Rate {
  #times: number[] = [];

  constructor(
    private readonly max: number,
    private readonly windowMs: number,
  ) {}

  /** Whether one more is allowed now; if so it is counted. */
  take(now = performance.now()): boolean {
    this.#times = this.#times.filter((time) => now - time < this.windowMs);
    if (this.#times.length >= this.max) return false;
    this.#times.push(now);
    return true;
  }
}
