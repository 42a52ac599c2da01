/** A time limit that has begun. */
export interface Deadline {
  /** It will not fall due any more. */
  end(): void;
}

/**
 * Time limits that are all equally long: they fall due in the order in which they began, so one timer serves them all, and
 * nearly all end before theirs. A timer of its own for each request costs more than to parse it.
 */
export class Deadlines {
  readonly #open = new Waiting(0, () => {}); // the ring's own place: what follows it is the oldest
  #timer: NodeJS.Timeout | undefined;

  /** @param ms time limit, in milliseconds */
  constructor(private readonly ms: number) {}

  /** @param onDue called once, unless it is ended before */
  begin(onDue: () => void): Deadline {
    const begun = new Waiting(performance.now() + this.ms, onDue);
    begun.insertBefore(this.#open);
    this.#timer ??= setTimeout(() => this.#look(), this.ms).unref(); // what waits holds the process by its socket
    return begun;
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (let oldest = this.#open.next; oldest !== this.#open; oldest = this.#open.next) {
      if (oldest.due > now) {
        this.#timer ??= setTimeout(() => this.#look(), Math.ceil(oldest.due - now)).unref();
        return;
      }
      oldest.end();
      oldest.onDue();
    }
  }
}

/**
 * Its place in a ring of those that wait. A `Map` would do, but one that is always added to and taken from is made anew
 * again and again, and the old ones lead to the new ones: as soon as one of them is old for the garbage collector, it
 * keeps all that came after it (V8, OrderedHashTable). That was a third of a call's cost (ADR 19).
 */
class Waiting implements Deadline {
  next: Waiting = this;
  #previous: Waiting = this;

  constructor(
    readonly due: number,
    readonly onDue: () => void,
  ) {}

  insertBefore(other: Waiting): void {
    this.next = other;
    this.#previous = other.#previous;
    this.#previous.next = this;
    other.#previous = this;
  }

  end(): void {
    this.#previous.next = this.next;
    this.next.#previous = this.#previous;
    this.next = this.#previous = this; // what has ended leads nowhere
  }
}
