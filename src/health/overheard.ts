/** Longer than the words of any failure, and than the width that programs wrap their logs to. */
const WINDOW = 500;

/** Which of some texts a server wrote to its log, and when last: some servers say there only why a call failed. */
export class Overheard {
  readonly #heardAt = new Map<string, number>();
  #recent = '';

  constructor(private readonly texts: readonly string[]) {}

  /** Takes in a line. Texts are also found where the server wrapped them into several lines. */
  hear(line: string): void {
    if (this.texts.length === 0) return;
    this.#recent = `${this.#recent} ${line}`.replace(/\s+/g, ' ').slice(-WINDOW);
    for (const text of this.texts) {
      if (!this.#recent.includes(text)) continue;
      this.#heardAt.set(text, performance.now());
      this.#recent = '';
    }
  }

  /** @param time of `performance.now()` @returns a text that was heard at this time or later */
  since(time: number): string | undefined {
    return this.texts.find((text) => (this.#heardAt.get(text) ?? Number.NEGATIVE_INFINITY) >= time);
  }
}
