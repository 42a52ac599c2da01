import { describe, expect, it } from 'vitest';
import { keepBytes, sizeOf, textOf, withId } from '../../src/protocol/large.js';
import { parseMessage, type ResponseMessage } from '../../src/protocol/message.js';

const answerOf = (line: Buffer): ResponseMessage => {
  const message = parseMessage(textOf(line)) as ResponseMessage;
  keepBytes(message, line);
  return message;
};

const LONG = 'x'.repeat(70_000);

describe('a large answer', () => {
  it.each([
    ['with its id in front', `{"jsonrpc":"2.0","id":7,"result":{"text":"${LONG}"}}`],
    ['with its id at the end', `{"result":{"text":"${LONG}"},"jsonrpc":"2.0","id":7}`],
    ['of characters of several bytes', `{"jsonrpc":"2.0","result":{"text":"${'ü€😀'.repeat(20_000)}"}, "id" : 7 }`],
    ['with such characters before its id', `{"note":"ü€","jsonrpc":"2.0","id":7,"result":{"text":"${LONG}"}}`],
  ])('%s is the same as bytes and as text', (_what, text) => {
    const { raw, bytes } = withId(answerOf(Buffer.from(text)), '"own-id"');
    expect(raw).toBe(text.replace(/"id"( ?: ?)7/, '"id"$1"own-id"'));
    expect(Buffer.concat(bytes ?? []).toString()).toBe(raw);
    expect(sizeOf(bytes ?? [])).toBe(Buffer.byteLength(raw));
  });

  it.each([
    ['is small', '{"jsonrpc":"2.0","id":7,"result":{}}'],
    ['has its id twice', `{"jsonrpc":"2.0","id":7,"id":7,"result":{"text":"${LONG}"}}`],
    ['has what some take for the end of a line', `{"jsonrpc":"2.0","id":7,"result":{"text":"${LONG}\u2028"}}`],
    ['has a CR between its tokens', `{"jsonrpc":"2.0",\r"id":7,"result":{"text":"${LONG}"}}`],
  ])('that %s is text only', (_what, text) => {
    const { raw, bytes } = withId(answerOf(Buffer.from(text)), '8');
    expect(bytes).toBeUndefined();
    expect((JSON.parse(raw) as { id: number }).id).toBe(8);
  });

  it('that is not UTF-8 is text only, with what could not be read replaced', () => {
    const line = Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":7,"result":{"text":"${LONG}`), Buffer.from([0xff]), Buffer.from('"}}')]);
    const { raw, bytes } = withId(answerOf(line), '8');
    expect(bytes).toBeUndefined();
    expect(raw.endsWith('�"}}')).toBe(true);
  });

  it('that was changed has no bytes', () => {
    const answer = answerOf(Buffer.from(`{"jsonrpc":"2.0","id":7,"result":{"text":"${LONG}"}}`));
    expect(
      withId({ ...answer, raw: '{"jsonrpc":"2.0","id":7,"result":{}}', body: { jsonrpc: '2.0', id: 7, result: {} } }, '8').bytes,
    ).toBeUndefined();
  });
});
