import { isAscii, isUtf8 } from 'node:buffer';
import type { ResponseMessage } from './message.js';
import { memberSpan, skipSpace } from './scan.js';
import { oneLine, replaceId } from './splice.js';

/** From this size on, in bytes, a message is worth being forwarded without being written anew. */
const LARGE = 64 * 1024;

/** Large answers as they came. A copy with another text is another message, and has none. */
const lines = new WeakMap<ResponseMessage, Buffer>();

/** An answer for a client. */
export interface Reply {
  readonly raw: string;
  /** The same in parts, of a large one: to make one text of it and encode that again would take as long as all else. */
  readonly bytes: readonly Buffer[] | undefined;
}

/** The text of a line. What is not UTF-8 in it is replaced. */
export function textOf(line: Buffer): string {
  return line.length >= LARGE && isAscii(line) ? line.toString('latin1') : line.toString('utf8');
}

/** Keeps the bytes that a large answer came as. */
export function keepBytes(answer: ResponseMessage, line: Buffer): void {
  if (line.length >= LARGE && isUtf8(line)) lines.set(answer, line);
}

/** An answer under another id, and otherwise byte for byte. @param id as JSON text */
export function withId(answer: ResponseMessage, id: string): Reply {
  const { raw, body } = answer;
  const line = lines.get(answer);
  const span = line && memberSpan(raw, skipSpace(raw, 0), 'id');
  if (!line || !span || span === 'ambiguous' || oneLine(raw) !== raw) return { raw: replaceId(raw, body, id), bytes: undefined };
  // Its place is counted from the nearer end: what is large is on one side only.
  const isNearStart = span.end < raw.length / 2;
  const start = isNearStart ? Buffer.byteLength(raw.slice(0, span.start)) : line.length - Buffer.byteLength(raw.slice(span.start));
  const end = start + Buffer.byteLength(raw.slice(span.start, span.end));
  return { raw: raw.slice(0, span.start) + id + raw.slice(span.end), bytes: [line.subarray(0, start), Buffer.from(id), line.subarray(end)] };
}

export function sizeOf(bytes: readonly Buffer[]): number {
  return bytes.reduce((sum, { length }) => sum + length, 0);
}
