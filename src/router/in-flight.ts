import type { Pending } from './pending.js';
import type { Caller } from './router.js';

/**
 * The requests of one child that have not ended: by upstream id, which is the only way back, and by session.
 *
 * A table and lists, for what is always added to and taken from: the old versions of such a `Map` lead to the new ones, and keep
 * every request that they have seen from being collected soon (see `Deadlines`).
 */
export class InFlight {
  readonly #byId: Record<number, Pending> = Object.create(null);
  readonly #byCaller = new WeakMap<Caller, Pending[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  all(): Pending[] {
    return Object.values(this.#byId);
  }

  get(upstreamId: unknown): Pending | undefined {
    return typeof upstreamId === 'number' ? this.#byId[upstreamId] : undefined;
  }

  of(caller: Caller): readonly Pending[] {
    return [...(this.#byCaller.get(caller) ?? [])];
  }

  count(caller: Caller): number {
    return this.#byCaller.get(caller)?.length ?? 0;
  }

  has(caller: Caller): boolean {
    return this.count(caller) > 0;
  }

  /** The sessions with a request in the server's hands. */
  activeCallers(): Caller[] {
    return [...new Set(this.sent().map(({ caller }) => caller))];
  }

  /** What is in the server's hands. */
  sent(): Pending[] {
    return this.all().filter((pending) => pending.sent);
  }

  add(pending: Pending): void {
    this.#size++;
    this.#byId[pending.upstreamId] = pending;
    const all = this.#byCaller.get(pending.caller);
    if (all) all.push(pending);
    else this.#byCaller.set(pending.caller, [pending]);
  }

  remove({ upstreamId, caller }: Pending): void {
    const pending = this.#byId[upstreamId];
    const all = this.#byCaller.get(caller);
    if (!pending || !all) return; // it has ended before
    this.#size--;
    delete this.#byId[upstreamId];
    all.splice(all.indexOf(pending), 1);
  }
}
