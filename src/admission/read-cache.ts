export interface ReadCacheSettings {
  /** How long an answer may be used again, in milliseconds; 0 keeps none. */
  readonly ttl: number;
  /** Answers kept; the oldest one goes first. */
  readonly maxEntries: number;
  /** Whether identical calls that are in flight share one answer. */
  readonly coalesce: boolean;
}

interface Entry {
  readonly result: string;
  readonly expiresAt: number;
}

/** Answers of read-only calls, as JSON text of their `result`, by a key that says everything about the call. */
export class ReadCache {
  readonly #entries = new Map<string, Entry>();
  #hits = 0;
  #misses = 0;
  #shared = 0;

  constructor(readonly settings: ReadCacheSettings) {}

  get enabled(): boolean {
    return this.settings.ttl > 0 || this.settings.coalesce;
  }

  get(key: string, now = performance.now()): string | undefined {
    const entry = this.#entries.get(key);
    if (entry && entry.expiresAt > now) {
      this.#hits++;
      return entry.result;
    }
    this.#entries.delete(key);
    this.#misses++;
    return undefined;
  }

  set(key: string, result: string, now = performance.now()): void {
    const { ttl, maxEntries } = this.settings;
    if (ttl === 0) return;
    this.#entries.delete(key);
    this.#entries.set(key, { result, expiresAt: now + ttl });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= maxEntries) break;
      this.#entries.delete(oldest);
    }
  }

  /** One more caller shares an answer that is on its way. */
  countShared(): void {
    this.#shared++;
  }

  clear(): void {
    this.#entries.clear();
  }

  /** For `/status`. */
  report(): { entries: number; hits: number; misses: number; shared: number } {
    return { entries: this.#entries.size, hits: this.#hits, misses: this.#misses, shared: this.#shared };
  }
}
