/**
 * Restart intensity, as in Erlang/OTP supervisors: more than `max` restarts within `windowMs` means that
 * restarting does not help.
 */
export class RestartIntensity {
  #times: number[] = [];

  constructor(
    private readonly max: number,
    private readonly windowMs: number,
  ) {}

  /** Notes a restart at `now` (milliseconds, monotonic); true while the intensity is still allowed. */
  note(now: number): boolean {
    this.#times = this.#times.filter((time) => now - time < this.windowMs);
    this.#times.push(now);
    return this.#times.length <= this.max;
  }

  reset(): void {
    this.#times = [];
  }
}
