export interface BreakerSettings {
  /** Failures in a row that open it; 0 turns it off. */
  readonly failures: number;
  /** How long it stays open before one request is let through, in milliseconds. */
  readonly openMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/**
 * A circuit breaker: after several failures in a row requests fail at once, so that callers do not queue up behind a
 * server that cannot answer; then one probe decides. What counts is the transport (a dead child, a time limit), never
 * an error that the server itself reports: that server works.
 */
export class Breaker {
  #inARow = 0;
  #openedAt: number | undefined;
  #probedAt: number | undefined;

  constructor(private readonly settings: BreakerSettings) {}

  state(now = performance.now()): BreakerState {
    if (this.#openedAt === undefined) return 'closed';
    return now - this.#openedAt >= this.settings.openMs ? 'half-open' : 'open';
  }

  /** Whether a request may pass. In the half-open state only one may, until its outcome is known or it takes too long itself. */
  allows(now = performance.now()): boolean {
    const state = this.state(now);
    if (state !== 'half-open') return state === 'closed';
    if (this.#probedAt !== undefined && now - this.#probedAt < this.settings.openMs) return false;
    this.#probedAt = now;
    return true;
  }

  /** Milliseconds until a request may be tried again. */
  retryInMs(now = performance.now()): number {
    return this.#openedAt === undefined ? 0 : Math.max(0, this.#openedAt + this.settings.openMs - now);
  }

  /** The server has answered. */
  success(): void {
    this.reset();
  }

  /** @returns whether this failure opened it */
  failure(now = performance.now()): boolean {
    this.#inARow++;
    const wasHalfOpen = this.state(now) === 'half-open';
    if (this.settings.failures === 0 || (!wasHalfOpen && this.#inARow < this.settings.failures)) return false;
    const opens = this.#openedAt === undefined || wasHalfOpen;
    if (opens) this.#openedAt = now;
    this.#probedAt = undefined;
    return opens;
  }

  reset(): void {
    this.#inARow = 0;
    this.#openedAt = undefined;
    this.#probedAt = undefined;
  }
}
