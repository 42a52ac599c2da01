export interface HeartbeatHandlers {
  isBusy(): boolean;
  ping(): Promise<unknown>;
  /** @param why for people */
  onUnresponsive(why: string): void;
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
  #lastSeen = 0;
  #missed = 0;
  /** Which child it is about, while there is one. */
  #run: symbol | undefined;
  #isSuspect = false;

  /** @param intervalMs time between looks, and the silence after which a ping is sent; 0 turns it off */
  constructor(
    private readonly intervalMs: number,
    private readonly handlers: HeartbeatHandlers,
  ) {}

  start(): void {
    this.stop();
    this.#run = Symbol('run');
    this.seen();
    if (this.intervalMs > 0) this.#timer = setInterval(() => void this.#look(), this.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#run = undefined;
  }

  /** Something arrived from the child. */
  seen(): void {
    this.#lastSeen = performance.now();
    this.#missed = 0;
  }

  /**
   * A request has reached its time limit. A server from which nothing at all has come since then is asked for a sign of
   * life although it is busy, and is unresponsive if there is none: it would block everybody who shares it.
   *
   * @param since when the request was made, on the monotonic clock
   */
  async suspect(since: number): Promise<void> {
    const run = this.#run;
    const isSilent = (): boolean => run !== undefined && this.#run === run && this.#lastSeen <= since;
    if (this.#isSuspect || !isSilent()) return;
    this.#isSuspect = true;
    await this.handlers.ping().catch(() => {});
    this.#isSuspect = false;
    if (isSilent()) this.handlers.onUnresponsive('it did not answer within the time limit, nor a ping after it');
  }

  async #look(): Promise<void> {
    const run = this.#run;
    if (this.handlers.isBusy() || performance.now() - this.#lastSeen < this.intervalMs / 2) return;
    try {
      await this.handlers.ping();
    } catch {
      // An error reply also counts as life: it went through seen(). Only silence is a miss.
      if (this.#run !== run || performance.now() - this.#lastSeen < this.intervalMs) return;
      if (++this.#missed >= MAX_MISSED && !this.handlers.isBusy()) this.handlers.onUnresponsive('it no longer answers pings');
    }
  }
}
