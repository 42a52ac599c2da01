import { createHash } from 'node:crypto';
import { Rate } from '../admission/rate.js';
import type { Handshake } from '../supervisor/handshake.js';
import type { Children } from './children.js';
import { groupByCredentials } from './credentials.js';
import { KeyedChildren } from './keyed.js';
import type { Link } from './link.js';
import type { LinkFactory } from './link-factory.js';
import { PerSession } from './per-session.js';
import { Pool } from './pool.js';
import type { Caller } from './router.js';
import type { ServerOptions } from './server-options.js';

/**
 * Which children serve which era. The main ones serve everybody as long as they can. A server that speaks both eras
 * pins each of its processes to one of them, so requests of the modern era get a process of their own there: each era
 * is spoken as the server itself speaks it. With one child per session, requests without a session share one child
 * for each client.
 */
export class Legs {
  readonly main: Children;
  #modern: Children | undefined;
  #looking: Promise<void> | undefined;
  #probeClosed: Promise<void> | undefined;
  #stopped = false;
  #settled: boolean;

  constructor(
    private readonly options: ServerOptions,
    private readonly factory: LinkFactory,
  ) {
    this.main = mainChildren(options, factory);
    this.#settled = options.era !== 'auto';
    if (options.policy === 'per-session' && this.#settled) this.#modern = this.#statelessChildren();
  }

  /** Whether it is known which children serve requests of the modern era. */
  get settled(): boolean {
    return this.#settled;
  }

  /**
   * Finds out once whether the server also speaks the modern era: costs one child for a moment, when the first client
   * of that era comes.
   *
   * @param known the server's handshake
   * @throws HearthError when the caller lacks the credentials that the server needs
   */
  settle(caller: Caller, known: Handshake): Promise<void> {
    if (known.era === 'modern') this.#settle(false);
    if (this.#settled) return Promise.resolve();
    const env = isKeyed(this.options) ? this.#credentialsOf(caller).env : {};
    const onClosing = (closed: Promise<void>): void => {
      this.#probeClosed = closed;
    };
    this.#looking ??= this.factory.speaksModern(env, onClosing).then((both) => this.#settle(both));
    return this.#looking;
  }

  /** The children for a caller. */
  of(caller: Caller): Children {
    return caller.era === 'modern' && this.#modern ? this.#modern : this.main;
  }

  release(caller: Caller): void {
    this.main.release(caller); // also one of the modern era, which may have come before it was settled who serves it
    if (caller.era === 'modern') this.#modern?.release(caller);
  }

  /** Whether these children belong to requests of the modern era alone. */
  isModernOnly(link: Link): boolean {
    return this.#modern?.all().includes(link) ?? false;
  }

  all(): readonly Link[] {
    return this.#modern ? [...this.main.all(), ...this.#modern.all()] : this.main.all();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.main.stop(), this.#modern?.stop(), this.#looking]);
    await this.#probeClosed;
  }

  #settle(both: boolean): void {
    if (this.#settled || this.#stopped) return;
    this.#settled = true;
    if (both) this.#modern = this.#modernChildren();
    else if (this.options.policy === 'per-session' && !isKeyed(this.options)) this.#modern = this.#statelessChildren();
    if (both) this.#modern?.start();
  }

  /** A server of the modern era keeps nothing by connection, so that its requests may share. */
  #modernChildren(): Children {
    if (isKeyed(this.options)) return this.#keyed((caller) => this.#credentialsOf(caller), 'modern');
    return new Pool(this.options.policy === 'pool' ? this.options.poolSize : 1, () => this.factory.link({ era: 'modern' }));
  }

  #statelessChildren(): Children {
    return this.#keyed(({ client }) => ({ key: createHash('sha256').update(client).digest('hex'), env: {} }));
  }

  #keyed(groupOf: (caller: Caller) => { key: string; env: Record<string, string> }, era?: 'modern'): Children {
    return keyedChildren(this.options, groupOf, (env) => this.factory.link({ env, ...(era && { era }) }));
  }

  #credentialsOf(caller: Caller): { key: string; env: Record<string, string> } {
    return groupByCredentials(this.options.name, this.options.credentials)(caller);
  }
}

/** Whether children go by the credentials of their clients. */
export function isKeyed({ credentials }: ServerOptions): boolean {
  return Object.keys(credentials).length > 0;
}

function mainChildren(options: ServerOptions, factory: LinkFactory): Children {
  const { name, policy, poolSize, maxChildren, spawnRate, credentials } = options;
  if (isKeyed(options)) return keyedChildren(options, groupByCredentials(name, credentials), (env) => factory.link({ env }));
  if (policy === 'per-session') return new PerSession(name, maxChildren, new Rate(spawnRate, 60_000), (owner) => factory.link({ owner }));
  return new Pool(policy === 'pool' ? poolSize : 1, () => factory.link());
}

function keyedChildren(
  { name, maxChildren, credentialIdle }: ServerOptions,
  groupOf: (caller: Caller) => { key: string; env: Record<string, string> },
  makeLink: (env: Readonly<Record<string, string>>) => Link,
): Children {
  return new KeyedChildren({ server: name, groupOf, limit: maxChildren, idleMs: credentialIdle }, makeLink);
}
