import type { Rate } from '../admission/rate.js';
import { HearthError } from '../errors.js';
import type { Children } from './children.js';
import type { Link } from './link.js';
import type { Caller } from './router.js';

/** Policy `per-session`: a child of its own for every session, started with that client's own capabilities. */
export class PerSession implements Children {
  readonly #links = new Map<Caller, Link>();
  readonly #ending = new Set<Promise<void>>();

  /**
   * @param server   name, for errors
   * @param limit    children that may run at once
   * @param rate     children that may be started in a time
   * @param makeLink makes the child of a session, not started
   */
  constructor(
    private readonly server: string,
    private readonly limit: number,
    private readonly rate: Rate,
    private readonly makeLink: (owner: Caller) => Link,
  ) {}

  linkFor(caller: Caller): Link {
    const existing = this.#links.get(caller);
    if (existing) return existing;
    if (this.#links.size + this.#ending.size >= this.limit) {
      throw new HearthError('overloaded', `Server "${this.server}" already runs ${this.limit} children (maxChildren). Try again later.`, this.server);
    }
    if (!this.rate.take()) {
      throw new HearthError(
        'overloaded',
        `Server "${this.server}" has started too many children in a minute (limits.spawnRate). Try again later.`,
        this.server,
      );
    }
    const link = this.makeLink(caller);
    this.#links.set(caller, link);
    link.supervisor.start();
    return link;
  }

  existing(caller: Caller): Link | undefined {
    return this.#links.get(caller);
  }

  release(caller: Caller): void {
    const link = this.#links.get(caller);
    if (!link) return;
    this.#links.delete(caller);
    link.release(caller);
    const ending = link.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  all(): readonly Link[] {
    return [...this.#links.values()];
  }

  start(): void {
    // Children come with their sessions.
  }

  async stop(): Promise<void> {
    for (const caller of [...this.#links.keys()]) this.release(caller);
    await Promise.all(this.#ending);
  }
}
