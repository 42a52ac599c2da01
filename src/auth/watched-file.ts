import { statSync } from 'node:fs';
import { reasonOf } from '../errors.js';
import type { Log } from '../telemetry/log.js';

/** Time between looks, in milliseconds. Looking works where events do not: on mounted volumes, and for files that are replaced. */
const LOOK_MS = 500;

/**
 * A file that is read again when it changes. What cannot be read changes nothing, and is said once: half a file must
 * not lock everybody out, and nobody gets in by it either.
 */
export class WatchedFile {
  #stamp = '';
  #complaint = '';
  #timer: NodeJS.Timeout | undefined;

  /** @param read takes the file in @throws Error if it cannot be used */
  constructor(
    private readonly path: string,
    private readonly read: (path: string) => void,
    private readonly log: Log,
  ) {
    this.#stamp = stampOf(path);
    read(path);
  }

  start(onChanged: () => void): void {
    this.#timer ??= setInterval(() => this.look(onChanged), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(onChanged: () => void): void {
    try {
      const stamp = stampOf(this.path);
      if (stamp === this.#stamp) return;
      this.read(this.path);
      this.#stamp = stamp;
      this.#complaint = '';
      this.log.info('keys_reloaded', `keys were read again from ${this.path}`);
      onChanged();
    } catch (error) {
      const complaint = reasonOf(error);
      if (complaint !== this.#complaint) this.log.error('keys_not_reloaded', `${this.path}: ${complaint}; the keys from before stay in force`);
      this.#complaint = complaint;
    }
  }
}

/** Two writes within the clock's step differ by size or inode. */
function stampOf(path: string): string {
  const { mtimeNs, ctimeNs, size, ino } = statSync(path, { bigint: true });
  return [mtimeNs, ctimeNs, size, ino].join(':');
}
