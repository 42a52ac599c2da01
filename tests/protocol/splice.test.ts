import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/message.js';
import { oneLine, type Replacement, replaceId, replaceMembers } from '../../src/protocol/splice.js';

const parse = (raw: string) => JSON.parse(raw) as JsonObject;
const withId = (raw: string, json: string) => replaceId(raw, parse(raw), json);
const replaced = (raw: string, ...replacements: Replacement[]) => replaceMembers(raw, parse(raw), replacements);
const TOKEN = ['params', '_meta', 'progressToken'];

describe('replaceId', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"a"}', '2', '{"jsonrpc":"2.0","id":2,"method":"a"}'],
    ['{"id":"1","method":"a"}', '17', '{"id":17,"method":"a"}'],
    ['{"id":1,"result":{"id":1}}', '"1"', '{"id":"1","result":{"id":1}}'],
    [
      ' {"result":{"n":1.0,"big":12345678901234567890,"e":"\\u00e9"}, "id" : 3 } ',
      '4',
      ' {"result":{"n":1.0,"big":12345678901234567890,"e":"\\u00e9"}, "id" : 4 } ',
    ],
    ['{"id":null,"error":{}}', '9', '{"id":9,"error":{}}'],
  ])('in %s changes nothing else', (raw, json, expected) => {
    expect(withId(raw, json)).toBe(expected);
  });

  it('writes the message anew where parsers may differ on the id', () => {
    expect(withId('{"id":1,"method":"a","id":2}', '5')).toBe('{"id":5,"method":"a"}');
    expect(withId('{"\\u0069d":1,"method":"a"}', '5')).toBe('{"id":5,"method":"a"}');
  });

  it('leaves an absent id absent', () => {
    expect(withId('{"method":"id"}', '5')).toBe('{"method":"id"}');
  });
});

describe('replaceMembers', () => {
  it('replaces several members, also when they are named in another order than they stand', () => {
    const raw = '{"params":{"_meta":{"progressToken":"p", "x":1.50},"name":"n"},"id":7}';
    const edits = [
      { path: ['id'], json: '1' },
      { path: TOKEN, json: '2' },
    ];
    expect(replaced(raw, ...edits)).toBe('{"params":{"_meta":{"progressToken":2, "x":1.50},"name":"n"},"id":1}');
  });

  it.each([
    '{"id":1}',
    '{"id":1,"params":{}}',
    '{"id":1,"params":{"_meta":{}}}',
    '{"id":1,"params":{"_meta":null}}',
    '{"id":1,"params":[{"_meta":{"progressToken":1}}]}',
    '{"id":1,"params":"_meta"}',
  ])('leaves %s alone, which has no progress token', (raw) => {
    expect(replaced(raw, { path: TOKEN, json: '2' })).toBe(raw);
  });

  it.each([
    ['{"params":{"_meta":{"progressToken":1,"progressToken":2}},"id":1}', '{"params":{"_meta":{"progressToken":8}},"id":9}'],
    ['{"params":{"_meta":{"progressToken":1}},"params":{"a":1},"id":1}', '{"params":{"a":1},"id":9}'],
    ['{"params":{"_meta":{"a":1}},"params":{"_meta":{"progressToken":1}},"id":1}', '{"params":{"_meta":{"progressToken":8}},"id":9}'],
    ['{"params":{"_m\\u0065ta":{"progressToken":1}},"id":1}', '{"params":{"_meta":{"progressToken":8}},"id":9}'],
    ['{"id":1,"id":2}', '{"id":9}'],
    ['{"id":1,"params":7,"\\u0061":null}', '{"id":9,"params":7,"a":null}'],
    [
      '{"id":1,"params":{"_meta":{"progressToken":1}},"__proto__":{"x":1},"\\n":0}',
      '{"id":9,"params":{"_meta":{"progressToken":8}},"__proto__":{"x":1},"\\n":0}',
    ],
  ])('writes %s anew, as JSON.parse reads it', (raw, expected) => {
    const before = parse(raw);
    const edits = [
      { path: TOKEN, json: '8' },
      { path: ['id'], json: '9' },
    ];
    expect(replaceMembers(raw, before, edits)).toBe(expected);
    expect(before).toEqual(parse(raw));
  });

  it('gives what changing the parsed object would give, and leaves all other text as it was', () => {
    const plain = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.jsonValue({ stringUnit: 'grapheme' }), { maxKeys: 5 });
    const id = fc.oneof(fc.integer(), fc.string({ unit: 'grapheme' }));
    // U+E000 and U+E001 stand around the values to replace; nothing else may change
    const marks: [string, string] = ['"\ue000id"', '"\ue000token"'];
    fc.assert(
      fc.property(plain, plain, plain, id, id, fc.constantFrom(undefined, 2), (top, params, meta, newId, newToken, indent) => {
        const template = { ...top, id: '\ue000id', params: { ...params, _meta: { ...meta, progressToken: '\ue000token' } }, tail: [1, 'x'] };
        const text = JSON.stringify(template, null, indent);
        const fill = (a: string, b: string) => text.replace(marks[0], () => a).replace(marks[1], () => b);
        const raw = fill('1', '"old"');
        const [idJson, tokenJson] = [JSON.stringify(newId), JSON.stringify(newToken)];
        const out = replaced(raw, { path: TOKEN, json: tokenJson }, { path: ['id'], json: idJson });
        expect(out).toBe(fill(idJson, tokenJson));
        const body = parse(raw);
        body.id = newId;
        ((body.params as JsonObject)._meta as JsonObject).progressToken = newToken;
        expect(parse(out)).toEqual(JSON.parse(JSON.stringify(body)));
      }),
    );
  });
});

describe('oneLine', () => {
  it('gives text without line ends back as it is', () => {
    const raw = '{"a":"\\n é🙂"}';
    expect(oneLine(raw)).toBe(raw);
  });

  it('puts a space in the place of every raw CR and LF', () => {
    expect(oneLine('{\n"a":\r1,\r\n"b":2}')).toBe('{ "a": 1,  "b":2}');
  });

  it.each(['\u2028', '\u2029', '\u0085'])('escapes what some programs take for a line end: %j', (char) => {
    const raw = `{"a":"x${char}y${char}"}`;
    const escaped = `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
    expect(oneLine(raw)).toBe(`{"a":"x${escaped}y${escaped}"}`);
  });

  it('means the same as before, and has no line end of any kind', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\u0085', '\u2028', '\u2029', '"', '\\') });
    fc.assert(
      fc.property(fc.dictionary(text, text), (body) => {
        const line = oneLine(JSON.stringify(body, null, 2));
        expect(line).not.toMatch(/[\r\n\u0085\u2028\u2029]/);
        expect(parse(line)).toEqual(parse(JSON.stringify(body)));
      }),
    );
  });
});
