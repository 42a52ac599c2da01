/** Where a value stands in a JSON text: [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Finds the value of one member of the object that starts at `start`. The text must be valid JSON (it was
 * parsed before), so only strings and nesting matter here, and the walk jumps over strings with indexOf:
 * the cost of a large text result is a memory scan.
 *
 * @returns the span; undefined when the member is absent; `'ambiguous'` when the key occurs twice or any key
 *          of the object is written with escapes (then the caller re-serialises instead of splicing)
 */
export function memberSpan(text: string, start: number, key: string): Span | 'ambiguous' | undefined {
  let found: Span | undefined;
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at);
    const name = text.slice(at + 1, keyEnd - 1);
    if (name.includes('\\')) return 'ambiguous';
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    if (name === key) {
      if (found) return 'ambiguous';
      found = { start: valueStart, end: valueEnd };
    }
    at = skipSpace(text, valueEnd);
    if (text.charCodeAt(at) !== 0x2c) break; // ,
    at = skipSpace(text, at + 1);
  }
  return found;
}

/** The elements of the array that starts at `start`, in a text that is valid JSON. */
export function elementSpans(text: string, start: number): Span[] {
  const spans: Span[] = [];
  let at = skipSpace(text, start + 1);
  while (at < text.length && text.charCodeAt(at) !== 0x5d) {
    const end = skipValue(text, at);
    spans.push({ start: at, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === 0x2c) at = skipSpace(text, at + 1);
  }
  return spans;
}

/** A member with its key and the comma after it: [start, end). */
export interface MemberSpan extends Span {
  readonly key: string;
}

/** Every member of the object that starts at `start`, in order; keys as they are written. The text must be valid JSON. */
export function memberSpans(text: string, start: number): MemberSpan[] {
  const found: MemberSpan[] = [];
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at);
    const valueEnd = skipValue(text, skipSpace(text, skipSpace(text, keyEnd) + 1));
    const next = skipSpace(text, valueEnd);
    const hasComma = text.charCodeAt(next) === 0x2c;
    const end = hasComma ? skipSpace(text, next + 1) : next;
    found.push({ key: text.slice(at + 1, keyEnd - 1), start: at, end });
    if (!hasComma) break;
    at = end;
  }
  return found;
}

/** Index of the first character of the document itself. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; ) {
    code = text.charCodeAt(++at);
  }
  return at;
}

/** Index after the closing quote of the string that opens at `open`. */
function stringEnd(text: string, open: number): number {
  for (let at = open + 1; ; ) {
    const quote = text.indexOf('"', at);
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

function skipValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return stringEnd(text, start);
  if (first === 0x7b || first === 0x5b) return skipNested(text, start);
  let at = start;
  while (!isEndOfScalar(text.charCodeAt(at))) at++;
  return at;
}

function skipNested(text: string, start: number): number {
  let depth = 0;
  for (let at = start; ; ) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    at++;
    if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at;
  }
}

/** A comma, a closing bracket, white space, or the end of the text (NaN). */
function isEndOfScalar(code: number): boolean {
  return code === 0x2c || code === 0x7d || code === 0x5d || code <= 0x20 || Number.isNaN(code);
}
