import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberSpan, skipSpace } from '../../src/protocol/scan.js';

/** The text of the member's value, or what was said instead. */
function valueText(text: string, key: string): string | undefined {
  const span = memberSpan(text, skipSpace(text, 0), key);
  return typeof span === 'object' ? text.slice(span.start, span.end) : span;
}

describe('memberSpan', () => {
  it.each([
    ['{"id":1}', 'id', '1'],
    ['{"id":1,"a":2}', 'id', '1'],
    ['{"a":{"id":5},"id":"x"}', 'id', '"x"'],
    ['{"a":[{"id":5},"]"],"id":[1,[2],{"b":"}"}]}', 'id', '[1,[2],{"b":"}"}]'],
    [' \t\r\n{ "a" : "\\"id\\":1" ,\n"id" :\ttrue\n} ', 'id', 'true'],
    ['{"id": -1.5E+3 }', 'id', '-1.5E+3'],
    ['{"s":"ends with backslashes \\\\\\\\","id":null}', 'id', 'null'],
    ['{"s":"\\\\\\"","id":3}', 'id', '3'],
    ['{"":1}', '', '1'],
    ['{"a":{}}', 'a', '{}'],
    ['{}', 'id', undefined],
    ['{ }', 'id', undefined],
    ['{"Id":1,"idx":2}', 'id', undefined],
    ['{"id":1,"id":1}', 'id', 'ambiguous'],
    ['{"\\u0069d":1}', 'id', 'ambiguous'],
    ['{"id":1,"a\\n":2}', 'id', 'ambiguous'],
  ])('in %s finds %j', (text, key, expected) => {
    expect(valueText(text, key)).toBe(expected);
  });

  it('finds every member of any object, however it is laid out', () => {
    const object = fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), fc.jsonValue({ stringUnit: 'grapheme' }));
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, '\t'), (body, indent) => {
        const text = JSON.stringify(body, null, indent);
        for (const [key, value] of Object.entries(body)) expect(JSON.parse(valueText(text, key) ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not care how large the value before is', () => {
    const text = JSON.stringify({ result: { text: '\\"{['.repeat(1_000_000) }, id: 4 });
    expect(valueText(text, 'id')).toBe('4');
  });
});

describe('skipSpace', () => {
  it('stops at the first character that is not JSON white space, or at the end', () => {
    expect(skipSpace(' \t\r\n{', 0)).toBe(4);
    expect(skipSpace('x', 0)).toBe(0);
    expect(skipSpace('  ', 0)).toBe(2);
    expect(skipSpace('\u00a0', 0)).toBe(0);
  });
});
