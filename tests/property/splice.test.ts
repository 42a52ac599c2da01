import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isObject, type JsonObject } from '../../src/protocol/message.js';
import { memberText, type Replacement, replaceMembers } from '../../src/protocol/splice.js';

/** A key as it may be written: any of its characters may be an escape. */
const keyText = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('id', 'id', 'params', '_meta', 'progressToken', '__proto__', 'a"b', '\\', ''),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    ),
    fc.array(fc.boolean(), { maxLength: 16 }),
    fc.constantFrom(0, 0, 0, 1),
  )
  .map(([key, escaped, escapes]) => {
    if (escapes === 0) return JSON.stringify(key);
    const units = Array.from({ length: key.length }, (_, at) => key.charCodeAt(at));
    const written = units.map((unit, at) => (escaped[at] ? `\\u${unit.toString(16).padStart(4, '0')}` : JSON.stringify(key[at]).slice(1, -1)));
    return `"${written.join('')}"`;
  });
const space = fc.constantFrom('', '', '', ' ', '\n', '\t', ' \r\n ');
const scalar = fc.oneof(
  fc.constantFrom(
    '1',
    '-0',
    '1.0',
    '1e400',
    '12345678901234567890',
    '0.1E-7',
    'true',
    'false',
    'null',
    '"{"',
    '"}\\""',
    '"\\\\"',
    '"\\u2028"',
    '[]',
    '{}',
  ),
  fc.json({ maxDepth: 1 }),
);

/** JSON texts of objects as anybody may write them: keys twice, keys with escapes, spaces anywhere. */
const { objectText } = fc.letrec<{ objectText: string; value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    tie('objectText'),
    fc.array(tie('value'), { maxLength: 2 }).map((all) => `[${all.join(',')}]`),
  ),
  objectText: fc
    .array(fc.tuple(space, keyText, space, space, tie('value'), space), { maxLength: 5 })
    .map((members) => `{${members.map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`).join(',')}}`),
}));
const PATHS = [['id'], ['params'], ['params', 'id'], ['params', '_meta', 'progressToken']];
/** Apart from each other: no value of one stands inside the value of another. */
const edits = fc
  .subarray(PATHS, { minLength: 1 })
  .map((paths) =>
    paths.filter((path) => !paths.some((other) => other !== path && other.length < path.length && other.every((key, n) => key === path[n]))),
  )
  .chain((paths) => fc.tuple(...paths.map((path) => fc.json({ maxDepth: 2 }).map((json): Replacement => ({ path, json })))));

function changed(body: JsonObject, replacements: readonly Replacement[]): JsonObject {
  for (const { path, json } of replacements) {
    let holder: unknown = body;
    for (const key of path.slice(0, -1)) holder = isObject(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined;
    const last = path.at(-1) as string;
    if (isObject(holder) && Object.hasOwn(holder, last)) holder[last] = JSON.parse(json);
  }
  return body;
}

it('means what changing the parsed object means, for any text: keys twice, escaped keys, odd spaces and numbers', () => {
  fc.assert(
    fc.property(space, objectText, space, edits, (before, text, after, replacements) => {
      const raw = `${before}${text}${after}`;
      const out = replaceMembers(raw, JSON.parse(raw) as JsonObject, replacements);
      expect(JSON.stringify(JSON.parse(out))).toBe(JSON.stringify(changed(JSON.parse(raw) as JsonObject, replacements)));
      const { id } = JSON.parse(raw) as JsonObject;
      if (id !== undefined) expect(JSON.stringify(JSON.parse(memberText(raw, { id }, 'id')))).toBe(JSON.stringify(id));
    }),
    { numRuns: 20_000, interruptAfterTimeLimit: 5_000, markInterruptAsFailure: false },
  );
});
