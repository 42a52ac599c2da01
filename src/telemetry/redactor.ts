import { variantsOf } from './redact-variants.js';
import { secretParts } from './secret-names.js';

/** Most values that are known at once. Past it the redactor refuses to guess: it hides every text whole. */
const MAX_VALUES = 20_000;
const MAX_DEPTH = 12;
const UNSAFE = /[\\^$.*+?()[\]{}|/-]/g;

interface Known {
  readonly label: string;
  /** How many owners hold it; it is forgotten with the last one. */
  owners: number;
}

/**
 * Knows the secret values of this process and takes them out of any text: `[redacted:NAME]`. Values shorter than six
 * characters are not looked for. One regular expression for all of them, compiled again at the first use after a change.
 */
export class Redactor {
  /** By value. */
  readonly #values = new Map<string, Known>();
  /** Text as it may appear -> what takes its place. */
  #labels = new Map<string, string>();
  #pattern: RegExp | undefined;
  #isStale = false;

  /** How many values are known. */
  get size(): number {
    return this.#values.size;
  }

  /**
   * Makes a value known, with those parts of it that are secrets on their own.
   * @param name  of the variable, header or secret; shown in place of the value
   * @returns forgets it again, unless others hold it too; idempotent
   */
  add(name: string, value: string): () => void {
    const label = `[redacted:${name.replace(/[^\w.-]+/g, '_')}]`;
    const parts = [...new Set([value, ...secretParts(value)])];
    for (const part of parts) this.#hold(part, label);
    let isHeld = true;
    return () => {
      if (isHeld) for (const part of parts) this.#release(part);
      isHeld = false;
    };
  }

  /** The text without any known value. */
  readonly text = (text: string): string => {
    if (this.#values.size > MAX_VALUES) return '[redacted]';
    if (this.#isStale) this.#compile();
    if (!this.#pattern) return text;
    return text.replace(this.#pattern, (found) => this.#labels.get(found) ?? '[redacted]');
  };

  /** A copy of plain data in which every text, keys included, has no known value. */
  deep(value: unknown, depth = 0): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (depth > MAX_DEPTH) return '[too deep]';
    if (Array.isArray(value)) return value.map((entry) => this.deep(entry, depth + 1));
    if (value instanceof Error) return this.text(value.stack ?? value.message);
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [this.text(key), this.deep(entry, depth + 1)]));
  }

  #hold(value: string, label: string): void {
    const known = this.#values.get(value);
    if (known) {
      known.owners++;
      return;
    }
    this.#values.set(value, { label, owners: 1 });
    this.#isStale = true;
  }

  #release(value: string): void {
    const known = this.#values.get(value);
    if (!known || --known.owners > 0) return;
    this.#values.delete(value);
    this.#isStale = true;
  }

  /** The longest first: a value that begins another one must not leave the rest of it readable. */
  #compile(): void {
    this.#isStale = false;
    this.#labels = new Map();
    for (const [value, { label }] of this.#values) {
      for (const variant of variantsOf(value)) if (!this.#labels.has(variant)) this.#labels.set(variant, label);
    }
    const variants = [...this.#labels.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
    this.#pattern = variants.length === 0 ? undefined : new RegExp(variants.map((text) => text.replace(UNSAFE, '\\$&')).join('|'), 'g');
  }
}
