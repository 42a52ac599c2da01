import type { Pending } from './pending.js';
import type { Caller } from './router.js';

/** The requests of one child that have not ended: by upstream id, which is the only way back, and by session. */
export class InFlight {
  readonly #byId = new Map<number, Pending>();
  readonly #byCaller = new Map<Caller, Set<Pending>>();

  get size(): number {
    return this.#byId.size;
  }

  all(): Pending[] {
    return [...this.#byId.values()];
  }

  get(upstreamId: unknown): Pending | undefined {
    return typeof upstreamId === 'number' ? this.#byId.get(upstreamId) : undefined;
  }

  of(caller: Caller): Pending[] {
    return [...(this.#byCaller.get(caller) ?? [])];
  }

  count(caller: Caller): number {
    return this.#byCaller.get(caller)?.size ?? 0;
  }

  has(caller: Caller): boolean {
    return this.#byCaller.has(caller);
  }

  /** The sessions with a request in the server's hands. */
  activeCallers(): Caller[] {
    return [...this.#byCaller].filter(([, all]) => [...all].some((pending) => pending.sent)).map(([caller]) => caller);
  }

  /** What is in the server's hands. */
  sent(): Pending[] {
    return this.all().filter((pending) => pending.sent);
  }

  add(pending: Pending): void {
    this.#byId.set(pending.upstreamId, pending);
    const all = this.#byCaller.get(pending.caller);
    if (all) all.add(pending);
    else this.#byCaller.set(pending.caller, new Set([pending]));
  }

  remove({ upstreamId, caller }: Pending): void {
    const pending = this.#byId.get(upstreamId);
    const all = this.#byCaller.get(caller);
    if (!pending || !all) return; // it has ended before
    this.#byId.delete(upstreamId);
    all.delete(pending);
    if (all.size === 0) this.#byCaller.delete(caller);
  }
}
