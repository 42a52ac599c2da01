import { textOf } from './large.js';
import { LineInspector, type OversizedLine } from './oversized.js';

const LF = 0x0a;
const CR = 0x0d;

export interface FramerHandlers {
  /** One line, decoded and as it came, without its line end; blank lines are not reported. */
  onLine(line: string, bytes: Buffer): void;
  /** A line past the limit, which was not kept; what could be learned about it. */
  onOversized(line: OversizedLine): void;
}

/**
 * Cuts a byte stream into lines. Chunks are kept in a list and joined once per line, so the cost is linear in
 * size; bytes are decoded per line, so a character that is split between chunks stays whole; only LF ends a line
 * (U+2028 inside a string does not), and a CR before it is dropped.
 */
export class LineFramer {
  #chunks: Buffer[] = [];
  #size = 0;
  #inspector: LineInspector | undefined;

  /** @param limit longest line that is kept, in bytes */
  constructor(
    private readonly limit: number,
    private readonly handlers: FramerHandlers,
  ) {}

  push(chunk: Buffer): void {
    let from = 0;
    for (let lf = chunk.indexOf(LF); lf !== -1; lf = chunk.indexOf(LF, from)) {
      this.#take(chunk.subarray(from, lf));
      this.#finish();
      from = lf + 1;
    }
    this.#take(chunk.subarray(from));
  }

  /** The stream has ended: a last line without LF counts too. */
  end(): void {
    this.#finish();
  }

  /** Bytes held for a line that has not ended yet. */
  get held(): number {
    return this.#size;
  }

  #take(part: Buffer): void {
    if (part.length === 0) return; // else a child that prints nothing but line ends would fill the list
    if (this.#inspector) {
      this.#inspector.push(part);
      return;
    }
    this.#chunks.push(part);
    this.#size += part.length;
    if (this.#size <= this.limit) return;
    this.#inspector = new LineInspector();
    for (const held of this.#chunks) this.#inspector.push(held);
    this.#clear();
  }

  #finish(): void {
    if (this.#inspector) {
      const inspected = this.#inspector.result();
      this.#inspector = undefined;
      this.handlers.onOversized(inspected);
      return;
    }
    if (this.#size === 0) return;
    let line = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#size);
    this.#clear();
    if (line.at(-1) === CR) line = line.subarray(0, -1);
    const text = textOf(line);
    if (text.trim() !== '') this.handlers.onLine(text, line);
  }

  #clear(): void {
    this.#chunks = [];
    this.#size = 0;
  }
}
