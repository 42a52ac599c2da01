import type { Caller } from './router.js';

/** Who wants to hear of changes to which resource: one upstream subscription for any number of sessions. */
export class Subscriptions {
  /** Per resource: each subscriber, and the URI by which it knows the resource (a hub may show another one). */
  readonly #callers = new Map<string, Map<Caller, string>>();

  add(uri: string, caller: Caller, shownAs: string): void {
    const callers = this.#callers.get(uri);
    if (callers) callers.set(caller, shownAs);
    else this.#callers.set(uri, new Map([[caller, shownAs]]));
  }

  /** @returns whether this was the last one who wanted the resource */
  remove(uri: string, caller: Caller): boolean {
    const callers = this.#callers.get(uri);
    if (!callers?.delete(caller) || callers.size > 0) return false;
    this.#callers.delete(uri);
    return true;
  }

  /** The session has ended. @returns the resources that nobody wants any more */
  release(caller: Caller): string[] {
    return this.uris().filter((uri) => this.remove(uri, caller));
  }

  has(uri: string): boolean {
    return this.#callers.has(uri);
  }

  subscribers(uri: string): Iterable<[Caller, string]> {
    return this.#callers.get(uri) ?? [];
  }

  uris(): string[] {
    return [...this.#callers.keys()];
  }
}
