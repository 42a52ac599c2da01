export interface HeartbeatHandlers {
  isBusy(): boolean;
  ping(): Promise<unknown>;
  onUnresponsive(): void;
}

/** Pings missed in a row before a silent child counts as dead. */
const MAX_MISSED = 2;

/**
 * Pings a quiet child. One that works on a request is left alone: a single-threaded server that computes for ten
 * minutes cannot answer, and must not be killed for it; the request's own time limit covers that case.
 */
export class Heartbeat {
  #timer: NodeJS.Timeout | undefined;
  /** When something last arrived from the child, on the monotonic clock. */
  lastSeen = 0;
  #missed = 0;

  /** @param intervalMs time between looks, and the silence after which a ping is sent; 0 turns it off */
  constructor(
    private readonly intervalMs: number,
    private readonly handlers: HeartbeatHandlers,
  ) {}

  start(): void {
    this.stop();
    this.seen();
    if (this.intervalMs > 0) this.#timer = setInterval(() => void this.#look(), this.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Something arrived from the child. */
  seen(): void {
    this.lastSeen = performance.now();
    this.#missed = 0;
  }

  async #look(): Promise<void> {
    const timer = this.#timer;
    if (this.handlers.isBusy() || performance.now() - this.lastSeen < this.intervalMs / 2) return;
    try {
      await this.handlers.ping();
    } catch {
      // An error reply also counts as life: it went through seen(). Only silence is a miss.
      if (this.#timer !== timer || performance.now() - this.lastSeen < this.intervalMs) return;
      if (++this.#missed >= MAX_MISSED && !this.handlers.isBusy()) this.handlers.onUnresponsive();
    }
  }
}
