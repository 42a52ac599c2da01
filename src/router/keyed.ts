import { HearthError } from '../errors.js';
import type { Children } from './children.js';
import type { Link } from './link.js';
import type { Caller } from './router.js';

export interface KeyedOptions {
  readonly server: string;
  /** What tells groups of sessions apart, and what their child gets in its environment. @throws HearthError */
  groupOf(caller: Caller): { key: string; env: Readonly<Record<string, string>> };
  /** Children that may run at once. */
  readonly limit: number;
  /** How long a child without sessions is kept warm, in milliseconds. */
  readonly idleMs: number;
}

interface Group {
  readonly link: Link;
  readonly callers: Set<Caller>;
  timer: NodeJS.Timeout | undefined;
}

/** Sessions of one group share a child, which nobody else ever reaches, and which is kept warm for a while without any. */
export class KeyedChildren implements Children {
  readonly #children = new Map<string, Group>();
  readonly #keys = new Map<Caller, string>();
  readonly #ending = new Set<Promise<void>>();

  constructor(
    private readonly options: KeyedOptions,
    private readonly makeLink: (env: Readonly<Record<string, string>>) => Link,
  ) {}

  linkFor(caller: Caller): Link {
    const key = this.#keys.get(caller);
    const child = (key !== undefined && this.#children.get(key)) || this.#join(caller);
    return child.link;
  }

  existing(caller: Caller): Link | undefined {
    const key = this.#keys.get(caller);
    return key === undefined ? undefined : this.#children.get(key)?.link;
  }

  release(caller: Caller): void {
    const key = this.#keys.get(caller);
    const child = key === undefined ? undefined : this.#children.get(key);
    if (key === undefined || !child) return;
    this.#keys.delete(caller);
    child.callers.delete(caller);
    child.link.release(caller);
    if (child.callers.size === 0) child.timer = setTimeout(() => this.#end(key, child), this.options.idleMs);
  }

  all(): readonly Link[] {
    return [...this.#children.values()].map(({ link }) => link);
  }

  start(): void {
    // Children come with the first session of their group.
  }

  async stop(): Promise<void> {
    for (const [key, child] of [...this.#children]) this.#end(key, child);
    await Promise.all(this.#ending);
  }

  #join(caller: Caller): Group {
    const { key, env } = this.options.groupOf(caller);
    const child = this.#children.get(key) ?? this.#make(key, env);
    clearTimeout(child.timer);
    child.callers.add(caller);
    this.#keys.set(caller, key);
    return child;
  }

  #make(key: string, env: Readonly<Record<string, string>>): Group {
    const { server, limit } = this.options;
    if (this.#children.size + this.#ending.size >= limit) {
      throw new HearthError('overloaded', `Server "${server}" already runs ${limit} children (maxChildren). Try again later.`, server);
    }
    const child: Group = { link: this.makeLink(env), callers: new Set(), timer: undefined };
    this.#children.set(key, child);
    child.link.supervisor.start();
    return child;
  }

  #end(key: string, child: Group): void {
    clearTimeout(child.timer);
    this.#children.delete(key);
    const ending = child.link.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
