import type { Link } from './link.js';
import type { Caller } from './router.js';

/** Which child serves which session. One file per policy implements it. */
export interface Children {
  /** The child for a session; made on demand where the policy says so. @throws HearthError `overloaded` */
  linkFor(caller: Caller): Link;
  /** The child a session already has. */
  existing(caller: Caller): Link | undefined;
  release(caller: Caller): void;
  all(): readonly Link[];
  start(): void;
  stop(): Promise<void>;
}
