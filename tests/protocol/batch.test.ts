import fc from 'fast-check';
import { expect, it } from 'vitest';
import { looksLikeBatch, parseBatch } from '../../src/protocol/batch.js';
import { elementSpans } from '../../src/protocol/scan.js';

it('every element of an array keeps its own text', () => {
  const space = fc.constantFrom('', ' ', '\n', '\t \r\n');
  const element = fc.jsonValue().map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(fc.array(fc.tuple(space, element, space)), space, (elements, lead) => {
      const text = `[${elements.length === 0 ? lead : elements.map((parts) => parts.join('')).join(',')}]`;
      expect(elementSpans(text, 0).map(({ start, end }) => text.slice(start, end))).toEqual(elements.map(([, json]) => json));
    }),
  );
});

it('is told by its first character', () => {
  expect([' \n[', '[]', '{"a":[]}', '', '"["'].map(looksLikeBatch)).toEqual([true, true, false, false, false]);
});

it('may be as long as the limit', () => {
  const note = '{"jsonrpc":"2.0","method":"a"}';
  expect(parseBatch(`[${note},${note}]`, 2).messages.map(({ raw }) => raw)).toEqual([note, note]);
  expect(() => parseBatch(`[${note},${note}]`, 1)).toThrow('limits.batch');
});
