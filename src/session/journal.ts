import { appendFile, rename, rm, writeFile } from 'node:fs/promises';

export interface JournalOptions {
  readonly path: string;
  /** Bytes that may wait to be written; the file may grow to a few times as much. */
  readonly limit: number;
  /** Every line that matters now: what the file is written anew with when it has grown too long. */
  snapshot(): string[];
  /** It could not be written, and no more attempt is made. Once. */
  onError(error: unknown): void;
}

const GROWTH = 3;

/** A file of lines that only its owner can read. Writes are buffered and follow one another; nobody waits for them. */
export class Journal {
  #pending: string[] = [];
  #pendingBytes = 0;
  #fileBytes = 0;
  #rewrite = true;
  #over = false;
  #work: Promise<void> | undefined;

  constructor(private readonly options: JournalOptions) {}

  write(line: string): void {
    if (this.#over) return;
    this.#pending.push(line);
    this.#pendingBytes += Buffer.byteLength(line) + 1;
    // A disk that is too slow: what waits is in the snapshot too.
    if (this.#pendingBytes > this.options.limit) this.#rewrite = true;
    if (this.#rewrite) this.#forgetPending();
    this.#work ??= this.#run();
  }

  /** Resolves when everything is written. */
  async flush(): Promise<void> {
    await this.#work;
  }

  /** No more writes. @param keep whether the file stays, complete */
  async end(keep: boolean): Promise<void> {
    if (keep) await this.flush();
    this.#over = true;
    await this.#work;
    if (!keep) await rm(this.options.path, { force: true }).catch(() => {});
  }

  async #run(): Promise<void> {
    try {
      while (!this.#over && (this.#rewrite || this.#pending.length > 0)) {
        if (this.#rewrite || this.#fileBytes + this.#pendingBytes > GROWTH * this.options.limit) await this.#writeAnew();
        else await this.#append();
      }
    } catch (error) {
      this.#over = true;
      this.#forgetPending();
      this.options.onError(error);
    } finally {
      this.#work = undefined;
    }
  }

  async #append(): Promise<void> {
    const text = `${this.#pending.join('\n')}\n`;
    this.#fileBytes += this.#pendingBytes;
    this.#forgetPending();
    await appendFile(this.options.path, text, { mode: 0o600 });
  }

  /** By a second file, so that a crash in between leaves one that is whole. */
  async #writeAnew(): Promise<void> {
    const { path, snapshot } = this.options;
    this.#forgetPending();
    this.#rewrite = false;
    const text = `${snapshot().join('\n')}\n`;
    this.#fileBytes = Buffer.byteLength(text);
    await writeFile(`${path}.tmp`, text, { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }

  #forgetPending(): void {
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
