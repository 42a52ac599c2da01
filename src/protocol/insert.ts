import { type JsonObject, objectOf } from './message.js';
import { memberSpan, skipSpace } from './scan.js';

/** A JSON object as text and parsed; both say the same. */
export interface JsonText {
  readonly raw: string;
  readonly body: JsonObject;
}

/**
 * Adds members to an object inside a JSON text and leaves every other byte alone. Objects on the way that are absent
 * are made. Where the text is ambiguous, or has one of the members already, the parsed body is re-serialised.
 *
 * @param path    from the root to the object; empty for the root itself
 * @param members what it gets; a member that it has already is replaced
 */
export function insertMembers({ raw, body }: JsonText, path: readonly string[], members: JsonObject): JsonText {
  const merged = mergeAt(body, path, members);
  return { raw: insertText(raw, body, path, members) ?? JSON.stringify(merged), body: merged };
}

function mergeAt(target: JsonObject, [key, ...rest]: readonly string[], members: JsonObject): JsonObject {
  if (key === undefined) return { ...target, ...members };
  return { ...target, [key]: mergeAt(objectOf(target[key]) ?? {}, rest, members) };
}

/** The new text, or undefined where it cannot be had without writing everything anew. */
function insertText(raw: string, body: JsonObject, path: readonly string[], members: JsonObject): string | undefined {
  let open = skipSpace(raw, 0);
  let target = body;
  for (const [depth, key] of path.entries()) {
    const span = memberSpan(raw, open, key);
    if (span === 'ambiguous') return undefined;
    const next = objectOf(target[key]);
    if (!next) {
      const made = JSON.stringify(mergeAt({}, path.slice(depth + 1), members));
      if (span) return raw.slice(0, span.start) + made + raw.slice(span.end);
      return insertAt(raw, open, target, `${JSON.stringify(key)}:${made}`);
    }
    if (!span) return undefined;
    open = span.start;
    target = next;
  }
  if (Object.keys(members).some((key) => Object.hasOwn(target, key))) return undefined;
  return insertAt(raw, open, target, JSON.stringify(members).slice(1, -1));
}

/** Right after the opening brace at `open`. */
function insertAt(raw: string, open: number, target: JsonObject, text: string): string {
  const comma = Object.keys(target).length > 0 ? ',' : '';
  return `${raw.slice(0, open + 1)}${text}${comma}${raw.slice(open + 1)}`;
}
