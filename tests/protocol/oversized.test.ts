import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineInspector } from '../../src/protocol/oversized.js';

function inspect(text: string) {
  const inspector = new LineInspector();
  inspector.push(Buffer.from(text));
  return inspector.result();
}
const FILLER = 'x'.repeat(2_000);

describe('LineInspector', () => {
  it.each([
    ['at the start', `{"jsonrpc":"2.0","id":12,"result":{"t":"${FILLER}"}}`, 12, false],
    ['at the end', `{"result":{"t":"${FILLER}"},"jsonrpc":"2.0","id":12}`, 12, false],
    ['with spaces', `{ "result" : [1, {"id": 3}] , "id" : -1.5e1 , "jsonrpc":"2.0" }`, -15, false],
    ['as a string', '{"id":"a-1","method":"x"}', 'a-1', true],
    ['as a string that looks like a number', '{"id":"12"}', '12', false],
    ['as a string with quotes, escapes and brackets', '{"id":"a\\"b\\\\c\\u0041{,:}é","method":"x"}', 'a"b\\cA{,:}é', true],
    ['under an escaped key', '{"\\u0069d":5,"\\u006dethod":"x"}', 5, true],
    ['twice: the last one counts, as in JSON.parse', '{"id":1,"id":2}', 2, false],
    ['nested only', '{"params":{"id":9,"method":"y"},"list":[{"id":8}]}', undefined, false],
    ['in the text of a string', '{"params":"\\"id\\":9,\\"method\\":1"}', undefined, false],
    ['as a value', '{"a":"id","b":"method","c":["id",1]}', undefined, false],
    ['null', '{"id":null,"result":1}', undefined, false],
    ['an object', '{"id":{"id":4},"method":"x"}', undefined, true],
    ['longer than what is kept', `{"id":"${FILLER}","method":"x"}`, undefined, true],
    ['in a batch', '[{"id":1},"id",2]', undefined, false],
    ['in an empty object', '{}', undefined, false],
    ['in broken JSON', '}]{"id":1}', undefined, false],
    ['after a broken key', '{"\\q":1,"id":6}', 6, false],
    ['in no JSON at all', `a:b,c${FILLER}`, undefined, false],
  ])('finds the id %s', (_, text, id, hasMethod) => {
    expect(inspect(text)).toEqual({ bytes: Buffer.byteLength(text), id, hasMethod });
  });

  it('finds the same wherever the bytes are cut', () => {
    const text = '{"a":{"é\\"":[1,"}"]},"method":"m","id":"ü\\\\"}';
    const bytes = Buffer.from(text);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const inspector = new LineInspector();
      inspector.push(bytes.subarray(0, cut));
      inspector.push(bytes.subarray(cut));
      expect(inspector.result()).toEqual({ bytes: bytes.length, id: 'ü\\', hasMethod: true });
    }
  });

  it('agrees with JSON.parse on any object', () => {
    const id = fc.oneof(fc.integer(), fc.string({ maxLength: 20, unit: 'grapheme' }), fc.constant(null));
    const message = fc
      .tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.record({ id, method: fc.string() }, { requiredKeys: [] }))
      .map(([rest, own]) => ({ ...rest, ...own }));
    fc.assert(
      fc.property(message, fc.constantFrom(undefined, 2), (body: Record<string, unknown>, indent) => {
        const found = inspect(JSON.stringify(body, null, indent));
        const known = typeof body.id === 'string' || typeof body.id === 'number';
        expect(found.id).toEqual(known ? JSON.parse(JSON.stringify(body.id)) : undefined);
        expect(found.hasMethod).toBe(Object.hasOwn(body, 'method'));
      }),
    );
  });
});
