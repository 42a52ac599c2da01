import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sessionOf } from './journal-lines.js';

const NAME = /^[0-9a-f-]{36}\.jsonl(?:\.tmp)?$/;
const HEADER_BYTES = 256;

interface Left {
  readonly path: string;
  /** When it was last written, in milliseconds since 1970. */
  readonly writtenAt: number;
}

/**
 * The folder of journals, and those that an earlier process has left there. Names of files are random and say nothing:
 * a session finds its file by the first line of each. One process at a time uses a folder.
 */
export class JournalFolder {
  readonly path: string;
  readonly #left = new Map<string, Left>();
  readonly #read: Promise<void>;

  /**
   * @param parent folder of the state; it is made where it does not exist
   * @param maxAge age after which a file that nobody asked for is removed, in milliseconds
   * @throws Error of the file system
   */
  constructor(
    parent: string,
    private readonly maxAge: number,
  ) {
    this.path = join(parent, 'sessions');
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    chmodSync(this.path, 0o700);
    this.#read = this.#readAll().catch(() => {});
  }

  newPath(): string {
    return join(this.path, `${randomUUID()}.jsonl`);
  }

  /**
   * The journal that an earlier process has left of a session, once.
   * @param maxBytes a longer one is not ours
   */
  async take(session: string, maxBytes: number): Promise<{ path: string; text: string } | undefined> {
    await this.#read;
    const left = this.#left.get(session);
    if (!left) return undefined;
    this.#left.delete(session);
    try {
      if ((await stat(left.path)).size > maxBytes) throw new Error('too long');
      return { path: left.path, text: await readFile(left.path, 'utf8') };
    } catch {
      await remove(left.path);
      return undefined;
    }
  }

  /** A journal of this process, to be found again. */
  putBack(session: string, path: string): void {
    this.#left.set(session, { path, writtenAt: Date.now() });
  }

  async forget(session: string): Promise<void> {
    await this.#read;
    const left = this.#left.get(session);
    this.#left.delete(session);
    if (left) await remove(left.path);
  }

  sweep(now = Date.now()): void {
    for (const [session, { path, writtenAt }] of this.#left) {
      if (now - writtenAt < this.maxAge) continue;
      this.#left.delete(session);
      void remove(path);
    }
  }

  async #readAll(): Promise<void> {
    const names = (await readdir(this.path)).filter((name) => NAME.test(name));
    for (const name of names) await this.#look(join(this.path, name)).catch(() => {});
    this.sweep();
  }

  async #look(path: string): Promise<void> {
    const { mtimeMs } = await stat(path);
    const session = path.endsWith('.tmp') ? undefined : sessionOf(await beginningOf(path));
    if (session === undefined) await remove(path);
    else this.#left.set(session, { path, writtenAt: mtimeMs });
  }
}

async function beginningOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => {});
}
