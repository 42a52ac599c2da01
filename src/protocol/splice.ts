import { isObject, type JsonObject } from './message.js';
import { memberSpan, type Span, skipSpace } from './scan.js';

/** A member to replace: its path from the root, and the JSON text of the new value. */
export interface Replacement {
  readonly path: readonly string[];
  readonly json: string;
}

/**
 * Replaces members of a JSON object in its text and leaves every other byte alone, so that numbers, key order,
 * escapes and unknown members reach the other side exactly as they were written. Members that are absent are
 * left absent. Where the text is ambiguous (a key twice, keys written with escapes: parsers differ on which
 * one counts) the parsed body is re-serialised instead, so that both sides agree.
 *
 * @param raw  the JSON text
 * @param body the same text, parsed
 */
export function replaceMembers(raw: string, body: JsonObject, replacements: readonly Replacement[]): string {
  const edits: Array<Span & { json: string }> = [];
  for (const { path, json } of replacements) {
    const span = locate(raw, path);
    if (span === 'ambiguous') return reserialise(body, replacements);
    if (span) edits.push({ ...span, json });
  }
  edits.sort((a, b) => a.start - b.start);
  let out = '';
  let from = 0;
  for (const edit of edits) {
    out += raw.slice(from, edit.start) + edit.json;
    from = edit.end;
  }
  return out + raw.slice(from);
}

/** A top-level member as it was written, so that no digit of a number is lost. */
export function memberText(raw: string, body: JsonObject, key: string): string {
  return findMember(raw, key)?.text ?? JSON.stringify(body[key]);
}

/** A top-level member as it was written, and the text around it. */
export interface MemberText {
  readonly text: string;
  readonly before: string;
  readonly after: string;
}

/** Where a top-level member stands, so that it can be read and replaced with one look; undefined where it is absent or ambiguous. */
export function findMember(raw: string, key: string): MemberText | undefined {
  const span = memberSpan(raw, skipSpace(raw, 0), key);
  if (span === undefined || span === 'ambiguous') return undefined;
  return { text: raw.slice(span.start, span.end), before: raw.slice(0, span.start), after: raw.slice(span.end) };
}

/** The commonest case: a new `id`. */
export function replaceId(raw: string, body: JsonObject, json: string): string {
  return replaceMembers(raw, body, [{ path: ['id'], json }]);
}

function locate(raw: string, path: readonly string[]): Span | 'ambiguous' | undefined {
  let start = skipSpace(raw, 0);
  let span: Span | 'ambiguous' | undefined;
  for (const key of path) {
    if (raw[start] !== '{') return undefined;
    span = memberSpan(raw, start, key);
    if (span === undefined || span === 'ambiguous') return span;
    start = span.start;
  }
  return span;
}

function reserialise(body: JsonObject, replacements: readonly Replacement[]): string {
  const copy = structuredClone(body);
  for (const { path, json } of replacements) {
    let target: JsonObject | undefined = copy;
    for (const key of path.slice(0, -1)) {
      const next: unknown = target && Object.hasOwn(target, key) ? target[key] : undefined;
      target = isObject(next) ? next : undefined;
    }
    const last = path.at(-1) as string;
    if (target && Object.hasOwn(target, last)) target[last] = JSON.parse(json);
  }
  return JSON.stringify(copy);
}

/** What some programs take for the end of a line, and JSON allows inside strings. */
const UNICODE_BREAKS = /[\u0085\u2028\u2029]/g;

/**
 * The text on one line, for everybody's notion of a line. Raw CR and LF can stand in valid JSON only between tokens,
 * where a space means the same; on stdio an LF would end the message and in an event stream a CR would end the data
 * line. U+0085, U+2028 and U+2029 can stand only inside strings, where an escape means the same; Node's readline and
 * Python's splitlines, which servers and clients are built on, would cut the message there.
 */
export function oneLine(raw: string): string {
  const line = raw.includes('\n') || raw.includes('\r') ? raw.replace(/[\r\n]/g, ' ') : raw;
  if (!line.includes('\u2028') && !line.includes('\u2029') && !line.includes('\u0085')) return line;
  return line.replace(UNICODE_BREAKS, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
