interface Deadline {
  readonly due: number;
  onDue(): void;
}

/**
 * Time limits that are all equally long: they fall due in the order in which they began, so one timer serves them all, and
 * nearly all end before theirs. A timer of its own for each request costs more than to parse it.
 */
export class Deadlines {
  readonly #open = new Map<object, Deadline>();
  #timer: NodeJS.Timeout | undefined;

  /** @param ms time limit, in milliseconds */
  constructor(private readonly ms: number) {}

  /** Begins one, or begins it anew. @param owner names it @param onDue called once, unless it is ended before */
  begin(owner: object, onDue: () => void): void {
    this.#open.delete(owner);
    this.#open.set(owner, { due: performance.now() + this.ms, onDue });
    this.#timer ??= setTimeout(() => this.#look(), this.ms).unref(); // what waits holds the process by its socket
  }

  end(owner: object): void {
    this.#open.delete(owner);
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [owner, { due, onDue }] of this.#open) {
      if (due > now) {
        this.#timer ??= setTimeout(() => this.#look(), Math.ceil(due - now)).unref();
        return;
      }
      this.#open.delete(owner);
      onDue();
    }
  }
}
