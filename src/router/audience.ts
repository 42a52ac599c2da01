import type { NotificationMessage } from '../protocol/message.js';
import type { Link } from './link.js';
import type { Caller } from './router.js';

/** Who sees a server bare and therefore gets its broadcasts. */
export class Audience {
  readonly #callers = new Set<Caller>();

  /** @param linkOf the child that serves a caller */
  constructor(private readonly linkOf: (caller: Caller) => Link | undefined) {}

  add(caller: Caller): void {
    this.#callers.add(caller);
  }

  delete(caller: Caller): void {
    this.#callers.delete(caller);
  }

  /** To the sessions of one child; log records only to those whose level admits them. */
  tell(link: Link, raw: string, log?: NotificationMessage): void {
    const level = log?.params?.level;
    const { owner } = link.options;
    for (const caller of owner ? [owner] : this.#callers) {
      if (this.linkOf(caller) !== link) continue;
      if (!log || link.levels.admits(caller, level)) caller.send(raw);
    }
  }
}
