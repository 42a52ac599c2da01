import type { Handshake } from '../supervisor/handshake.js';
import type { Supervisor } from '../supervisor/supervisor.js';

/**
 * Under policy `per-session` no child runs before the first session, so readiness would be a guess. The probe runs
 * one child through a real handshake, learns what it offers, and ends it; failures are retried by its supervisor.
 */
export class Probe {
  readonly supervisor: Supervisor;
  #ready = false;

  /**
   * @param make  makes the supervisor of the throw-away child
   * @param learn reads what the child offers, while it still runs
   */
  constructor(
    make: (onReady: (handshake: Handshake) => void) => Supervisor,
    private readonly learn: (handshake: Handshake, supervisor: Supervisor) => Promise<void>,
  ) {
    this.supervisor = make((handshake) => void this.#onReady(handshake));
  }

  /** Whether the look found a working server. */
  get ready(): boolean {
    return this.#ready;
  }

  start(): void {
    this.supervisor.start();
  }

  stop(): Promise<void> {
    return this.supervisor.stop();
  }

  async #onReady(handshake: Handshake): Promise<void> {
    await this.learn(handshake, this.supervisor);
    this.#ready = true;
    await this.supervisor.stop();
  }
}
