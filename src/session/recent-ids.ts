/** A set that remembers only the latest entries. */
export class RecentIds {
  readonly #ids = new Set<string>();

  /** @param limit entries that are remembered */
  constructor(private readonly limit: number) {}

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.add(id);
    if (this.#ids.size <= this.limit) return;
    const [oldest] = this.#ids;
    this.#ids.delete(oldest as string);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  get size(): number {
    return this.#ids.size;
  }
}
