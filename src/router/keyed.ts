import { createHash } from 'node:crypto';
import { HearthError } from '../errors.js';
import type { Children } from './children.js';
import type { Link } from './link.js';
import type { Caller } from './router.js';

export interface KeyedOptions {
  readonly server: string;
  /** Environment variable of the child -> name of the client's header, in lower case. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Children that may run at once. */
  readonly limit: number;
  /** How long a child without sessions is kept warm, in milliseconds. */
  readonly idleMs: number;
}

interface Keyed {
  readonly link: Link;
  readonly callers: Set<Caller>;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Children keyed by credentials: sessions whose clients sent the same headers share one child, which gets them in its
 * environment; nobody ever reaches a child with another's. Credentials are kept as a hash only.
 */
export class KeyedByCredentials implements Children {
  readonly #children = new Map<string, Keyed>();
  readonly #keys = new Map<Caller, string>();
  readonly #ending = new Set<Promise<void>>();

  constructor(
    private readonly options: KeyedOptions,
    private readonly makeLink: (env: Record<string, string>) => Link,
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
    // Children come with the first session that brings credentials.
  }

  async stop(): Promise<void> {
    for (const [key, child] of [...this.#children]) this.#end(key, child);
    await Promise.all(this.#ending);
  }

  #join(caller: Caller): Keyed {
    const env = this.#environment(caller);
    const key = createHash('sha256').update(JSON.stringify(env)).digest('hex');
    const child = this.#children.get(key) ?? this.#make(key, env);
    clearTimeout(child.timer);
    child.callers.add(caller);
    this.#keys.set(caller, key);
    return child;
  }

  #environment({ headers }: Caller): Record<string, string> {
    const { server, credentials } = this.options;
    const entries = Object.entries(credentials).map(([variable, header]) => {
      const value = headers[header];
      if (value === undefined) throw new HearthError('forbidden', `Server "${server}" needs the header ${header}; send it when you connect.`, server);
      return [variable, value] as const;
    });
    return Object.fromEntries(entries);
  }

  #make(key: string, env: Record<string, string>): Keyed {
    const { server, limit } = this.options;
    if (this.#children.size + this.#ending.size >= limit) {
      throw new HearthError('overloaded', `Server "${server}" already runs ${limit} children (maxChildren). Try again later.`, server);
    }
    const child: Keyed = { link: this.makeLink(env), callers: new Set(), timer: undefined };
    this.#children.set(key, child);
    child.link.supervisor.start();
    return child;
  }

  #end(key: string, child: Keyed): void {
    clearTimeout(child.timer);
    this.#children.delete(key);
    const ending = child.link.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
