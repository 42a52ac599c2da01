/** What is known of a line that was too long to keep. */
export interface OversizedLine {
  readonly bytes: number;
  /** The top-level `id`, when there was one that could be read. */
  readonly id: string | number | undefined;
  /** Whether it had a top-level `method`: then it is a request or notification, else a response. */
  readonly hasMethod: boolean;
}

const KEPT = 256;

/**
 * Reads a JSON line as it streams by and keeps only its top-level `id` and whether there is a `method`, so that
 * just the call at fault fails when a message is larger than the limit. A byte-wise state machine: strings,
 * escapes and depth are all that is needed, and every byte of a multi-byte character is above 0x7f.
 */
export class LineInspector {
  #bytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #expectKey = false;
  #text: number[] | undefined;
  #key = '';
  #id: string | number | undefined;
  #hasMethod = false;

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    for (const byte of chunk) this.#step(byte);
  }

  result(): OversizedLine {
    return { bytes: this.#bytes, id: this.#id, hasMethod: this.#hasMethod };
  }

  #step(byte: number): void {
    if (this.#inString) this.#stepString(byte);
    else if (byte === 0x22) this.#openString();
    else if (byte === 0x7b || byte === 0x5b) this.#open(byte);
    else if (byte === 0x7d || byte === 0x5d) this.#close();
    else if (byte === 0x2c) this.#comma();
    else if (byte === 0x3a) this.#colon();
    else if (byte > 0x20) this.#keep(byte);
  }

  #stepString(byte: number): void {
    this.#keep(byte);
    if (this.#escaped) this.#escaped = false;
    else if (byte === 0x5c) this.#escaped = true;
    else if (byte === 0x22) this.#inString = false;
  }

  #openString(): void {
    this.#inString = true;
    if (this.#depth === 1 && this.#expectKey) this.#text = [];
    this.#keep(0x22);
  }

  #open(byte: number): void {
    this.#depth++;
    this.#text = undefined;
    this.#expectKey = this.#depth === 1 && byte === 0x7b;
  }

  #close(): void {
    if (this.#depth === 1) this.#endValue();
    this.#depth--;
  }

  #comma(): void {
    if (this.#depth !== 1) return;
    this.#endValue();
    this.#expectKey = true;
  }

  #colon(): void {
    if (this.#depth !== 1 || !this.#expectKey) return;
    this.#key = String(this.#read());
    this.#expectKey = false;
    if (this.#key === 'method') this.#hasMethod = true;
    this.#text = this.#key === 'id' ? [] : undefined;
  }

  #endValue(): void {
    const value = this.#key === 'id' ? this.#read() : undefined;
    if (typeof value === 'string' || typeof value === 'number') this.#id = value;
    this.#key = '';
    this.#text = undefined;
  }

  #keep(byte: number): void {
    if (this.#text && this.#text.length < KEPT) this.#text.push(byte);
  }

  #read(): unknown {
    try {
      return JSON.parse(Buffer.from(this.#text ?? []).toString('utf8')) as unknown;
    } catch {
      return undefined;
    }
  }
}
