import type { z } from 'zod';
import { isObject, type JsonObject } from '../protocol/message.js';

/**
 * Variables expand to text, so `port: ${PORT}` gives `"8080"`. Where the schema wants a number or a switch and the text
 * is one, it is taken as such.
 *
 * @param body   changed in place
 * @param issues what a first validation found
 * @param texts  those that came out of variables; a quoted number in the file stays a mistake
 * @returns whether anything was changed, so that validating again makes sense
 */
export function coerceTexts(body: JsonObject, issues: readonly z.core.$ZodIssue[], texts: ReadonlySet<string>): boolean {
  let changed = false;
  for (const issue of issues) {
    if (issue.code !== 'invalid_type' || typeof issue.input !== 'string' || !texts.has(issue.input)) continue;
    const value = read(issue.input, issue.expected);
    if (value === undefined) continue;
    changed = put(body, issue.path, value) || changed;
  }
  return changed;
}

function read(text: string, expected: string): number | boolean | undefined {
  if (expected === 'boolean') return text === 'true' || text === 'false' ? text === 'true' : undefined;
  const isNumber = (expected === 'number' || expected === 'int') && /^-?\d+(?:\.\d+)?$/.test(text);
  return isNumber ? Number(text) : undefined;
}

function put(body: JsonObject, path: readonly PropertyKey[], value: number | boolean): boolean {
  let target: unknown = body;
  for (const key of path.slice(0, -1)) target = isObject(target) && Object.hasOwn(target, key) ? target[String(key)] : undefined;
  if (!isObject(target)) return false;
  target[String(path.at(-1))] = value;
  return true;
}
