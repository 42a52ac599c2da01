import type { Children } from './children.js';
import type { Link } from './link.js';
import type { Caller } from './router.js';

/** Policies `shared` (a pool of one) and `pool`: warm children that any session may use; a session stays with one. */
export class Pool implements Children {
  readonly #links: readonly Link[];
  readonly #assigned = new Map<Caller, Link>();
  readonly #load = new Map<Link, number>();

  constructor(size: number, makeLink: (index: number) => Link) {
    this.#links = Array.from({ length: size }, (_, index) => makeLink(index));
  }

  linkFor(caller: Caller): Link {
    const [only] = this.#links;
    if (only && this.#links.length === 1) return only;
    const assigned = this.#assigned.get(caller);
    if (assigned && (assigned.supervisor.state === 'ready' || !this.#links.some(isReady))) return assigned;
    if (assigned) this.release(caller);
    const link = this.#leastLoaded();
    this.#assigned.set(caller, link);
    this.#load.set(link, (this.#load.get(link) ?? 0) + 1);
    return link;
  }

  existing(caller: Caller): Link | undefined {
    return this.#links.length === 1 ? this.#links[0] : this.#assigned.get(caller);
  }

  release(caller: Caller): void {
    const link = this.existing(caller);
    link?.release(caller);
    if (link && this.#assigned.delete(caller)) this.#load.set(link, (this.#load.get(link) ?? 1) - 1);
  }

  all(): readonly Link[] {
    return this.#links;
  }

  start(): void {
    for (const link of this.#links) link.supervisor.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.stop()));
  }

  #leastLoaded(): Link {
    const ready = this.#links.filter(isReady);
    const candidates = ready.length > 0 ? ready : this.#links;
    const load = (link: Link): number => this.#load.get(link) ?? 0;
    return candidates.reduce((best, link) => (load(link) < load(best) ? link : best));
  }
}

function isReady(link: Link): boolean {
  return link.supervisor.state === 'ready';
}
