import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEnvelope, withEnvelope, withoutEnvelope } from '../../src/protocol/envelope.js';
import { insertMembers } from '../../src/protocol/insert.js';
import { type JsonObject, parseMessage, type RequestMessage } from '../../src/protocol/message.js';
import { resultTypeOf, statusOf, toLegacy, toModern } from '../../src/protocol/modern-result.js';

const bodyOf = (raw: string): JsonObject => JSON.parse(raw) as JsonObject;
const insert = (raw: string, path: string[], members: JsonObject) => insertMembers({ raw, body: bodyOf(raw) }, path, members);
const request = (params: string): RequestMessage => parseMessage(`{"jsonrpc":"2.0","id":1,"method":"m"${params}}`) as RequestMessage;
const ENVELOPE = { version: '2026-07-28', capabilities: { roots: {} }, clientInfo: undefined, logLevel: 'info' };

describe('insertMembers', () => {
  it.each([
    ['{"a":1}', [], '{"n":9,"a":1}'],
    ['{}', [], '{"n":9}'],
    [' { "a" : 1.0 } ', [], ' {"n":9, "a" : 1.0 } '],
    ['{"p":{"x":12345678901234567890}}', ['p'], '{"p":{"n":9,"x":12345678901234567890}}'],
    ['{"p":null,"q":1}', ['p'], '{"p":{"n":9},"q":1}'],
    ['{"q":1.0}', ['p', 'm'], '{"p":{"m":{"n":9}},"q":1.0}'],
    ['{"p":{"m":{}}}', ['p', 'm'], '{"p":{"m":{"n":9}}}'],
    ['{"p":{"n":1}}', ['p'], '{"p":{"n":9}}'],
    ['{"p":1,"p":{"x":1}}', ['p'], '{"p":{"x":1,"n":9}}'],
  ])('puts a member into %s at %j', (raw, path, expected) => {
    const { raw: text, body } = insert(raw, path, { n: 9 });
    expect([text, body]).toEqual([expected, bodyOf(expected)]);
  });

  it('says the same as text and parsed, whatever it is given', () => {
    const keys = fc.constantFrom('a', 'b', '_meta', 'é"\\');
    const objects = fc.dictionary(keys, fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue())));
    fc.assert(
      fc.property(objects, fc.array(keys, { maxLength: 3 }), fc.dictionary(keys, fc.jsonValue(), { minKeys: 1 }), (object, path, members) => {
        const raw = JSON.stringify(object);
        const { raw: text, body } = insertMembers({ raw, body: bodyOf(raw) }, path, members as JsonObject);
        expect(bodyOf(text)).toEqual(JSON.parse(JSON.stringify(body)));
        expect(path.reduce<unknown>((inner, key) => (inner as JsonObject)[key], bodyOf(text))).toMatchObject(
          JSON.parse(JSON.stringify(members)) as JsonObject,
        );
      }),
    );
  });
});

describe('an envelope', () => {
  it.each(['', ',"params":{}', ',"params":null', ',"params":{"x":1}', ',"params":{"_meta":{"own":1}}'])(
    'is put into a request%s and taken out again',
    (params) => {
      const with_ = withEnvelope(request(params), ENVELOPE);
      expect(readEnvelope(with_.params)).toEqual(ENVELOPE);
      expect(bodyOf(with_.raw)).toEqual(with_.body);
      const without = withoutEnvelope(with_);
      expect(bodyOf(without.raw)).toEqual(without.body);
      expect(without.params).toEqual({ ...request(params).params, _meta: request(params).params?._meta ?? {} });
    },
  );

  it('is not taken out of what has none', () => {
    const plain = request(',"params":{"x":1}');
    expect(withoutEnvelope(plain)).toBe(plain);
  });
});

describe('toModern', () => {
  const reply = (rest: string): string => `{"jsonrpc":"2.0","id":1,${rest}}`;

  it.each([
    ['tools/call', '"result":{"content":[]}', '"result":{"resultType":"complete","content":[]}'],
    ['tools/call', '"result":{}', '"result":{"resultType":"complete"}'],
    ['tools/list', '"result":{"tools":[]}', '"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[]}'],
    ['tools/list', '"result":{"ttlMs":5,"tools":[]}', '"result":{"resultType":"complete","cacheScope":"private","ttlMs":5,"tools":[]}'],
    ['tools/list', '"result":{"resultType":"x"}', '"result":{"resultType":"x"}'],
    ['tools/call', '"result":null', '"result":null'],
    ['resources/read', '"error":{"code":-32002,"message":"m"}', '"error":{"code":-32602,"message":"m"}'],
    ['resources/read', '"error":{"code":-32000,"message":"m"}', '"error":{"code":-32000,"message":"m"}'],
    ['tools/call', '"error":{"code":-32002,"message":"m"}', '"error":{"code":-32002,"message":"m"}'],
  ])('completes the reply to %s: %s', (method, given, expected) => {
    expect(toModern(reply(given), method)).toBe(reply(expected));
  });

  it.each([
    ['{"resultType":"complete","content":[1.0]}', '{"content":[1.0]}'],
    ['{"content":[1.0],"resultType":"complete"}', '{"content":[1.0]}'],
    ['{ "ttlMs" : 1 , "tools" : [] , "cacheScope" : "x" }', '{ "tools" : [] }'],
    ['{"resultType":"complete"}', '{}'],
    ['{"_meta":{"io.modelcontextprotocol/serverInfo":{}},"a":1}', '{"a":1}'],
    ['{"a":1,"_meta":{"own":2,"io.modelcontextprotocol/serverInfo":{}}}', '{"a":1,"_meta":{"own":2}}'],
    ['{"_meta":{"io.modelcontextprotocol/serverInfo":{},"own":2},"ttlMs":1}', '{"_meta":{"own":2}}'],
    ['{"a":{"ttlMs":1}}', '{"a":{"ttlMs":1}}'],
    ['{}', '{}'],
    ['[]', '[]'],
  ])('is undone by toLegacy: %s', (given, expected) => {
    expect(toLegacy(reply(`"result":${given}`))).toBe(reply(`"result":${expected}`));
  });

  it('finds the kind of result, and the status of an error', () => {
    expect([
      resultTypeOf(reply('"result":{"a":{"resultType":"no"},"resultType":"yes"}')),
      resultTypeOf(reply('"result":1')),
      resultTypeOf(reply('"error":{}')),
    ]).toEqual(['yes', undefined, undefined]);
    const status = (code: unknown): number => statusOf(reply(`"error":{"code":${JSON.stringify(code)},"message":"m"}`));
    expect([-32601, -32020, -32021, -32022, -32602, 'x'].map(status)).toEqual([404, 400, 400, 400, 200, 200]);
    expect([statusOf(reply('"result":{"text":"\\"error\\""}')), statusOf(reply(`"error":{"message":"${'x'.repeat(70_000)}"}`))]).toEqual([200, 200]);
  });
});
