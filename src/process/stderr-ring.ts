/** The last lines that a child wrote to stderr, for error messages and `/status`. Bounded in lines and width. */
export class StderrRing {
  readonly #lines: string[] = [];

  constructor(
    private readonly maxLines: number,
    private readonly maxWidth = 2_000,
  ) {}

  push(line: string): void {
    this.#lines.push(line.length > this.maxWidth ? `${line.slice(0, this.maxWidth)}…` : line);
    if (this.#lines.length > this.maxLines) this.#lines.shift();
  }

  lines(): readonly string[] {
    return this.#lines;
  }

  /** The last non-empty line, which is where most programs say why they ended. */
  last(): string | undefined {
    return this.#lines.findLast((line) => line.trim() !== '');
  }
}
