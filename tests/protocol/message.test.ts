import { describe, expect, it } from 'vitest';
import { HearthError } from '../../src/errors.js';
import { isObject, objectOf, parseJson, parseMessage, stringOf } from '../../src/protocol/message.js';

function refusal(raw: string): HearthError {
  try {
    parseMessage(raw);
  } catch (error) {
    if (error instanceof HearthError) return error;
    throw error;
  }
  throw new Error(`accepted: ${raw}`);
}

describe('parseMessage', () => {
  it.each([1, 0, -3, 1.5, 'one', ''])('knows a request with id %j', (id) => {
    const raw = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/list', params: { cursor: 'c' } });
    expect(parseMessage(raw)).toEqual({ kind: 'request', raw, body: JSON.parse(raw), id, method: 'tools/list', params: { cursor: 'c' } });
  });

  it('knows a notification, with and without params', () => {
    const raw = ' {"jsonrpc":"2.0","method":"notifications/initialized"} ';
    expect(parseMessage(raw)).toMatchObject({ kind: 'notification', raw, method: 'notifications/initialized', params: undefined });
    expect(parseMessage('{"jsonrpc":"2.0","method":"n","params":{}}')).toMatchObject({ kind: 'notification', params: {} });
  });

  it('knows results and errors, an error also with id null', () => {
    expect(parseMessage('{"jsonrpc":"2.0","id":"a","result":null}')).toMatchObject({ kind: 'response', id: 'a' });
    expect(parseMessage('{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":"m"}}')).toMatchObject({ kind: 'response', id: 2 });
    expect(parseMessage('{"jsonrpc":"2.0","id":null,"error":{}}')).toMatchObject({ kind: 'response', id: null });
  });

  it.each(['', '{', 'hello', '{"a":1}x', "{'a':1}"])('refuses %j: not JSON', (raw) => {
    expect(refusal(raw)).toMatchObject({ code: 'parse', rpc: -32700 });
  });

  it.each([
    ['[]', 'batches'],
    ['[{"jsonrpc":"2.0","method":"a"}]', 'batches'],
    ['null', 'a message is a JSON object'],
    ['7', 'a message is a JSON object'],
    ['"text"', 'a message is a JSON object'],
    ['{}', '"jsonrpc"'],
    ['{"jsonrpc":2.0,"method":"a"}', '"jsonrpc"'],
    ['{"jsonrpc":"1.0","method":"a"}', '"jsonrpc"'],
    ['{"jsonrpc":"2.0","method":5}', '"method" must be a string'],
    ['{"jsonrpc":"2.0","method":null,"id":1}', '"method" must be a string'],
    ['{"jsonrpc":"2.0","method":"a","params":[1]}', '"params" must be an object'],
    ['{"jsonrpc":"2.0","method":"a","params":"x"}', '"params" must be an object'],
    ['{"jsonrpc":"2.0","method":"a","params":"p","id":1}', '"params" must be an object'],
    ['{"jsonrpc":"2.0","method":"a","id":null}', '"id" must be a string or a number'],
    ['{"jsonrpc":"2.0","method":"a","id":true}', '"id" must be a string or a number'],
    ['{"jsonrpc":"2.0","method":"a","id":{}}', '"id" must be a string or a number'],
    ['{"jsonrpc":"2.0","method":"a","id":1e999}', '"id" must be a string or a number'],
    ['{"jsonrpc":"2.0","id":1}', 'either a "result" or an "error"'],
    ['{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', 'either a "result" or an "error"'],
    ['{"jsonrpc":"2.0","result":{}}', 'a response has the "id"'],
    ['{"jsonrpc":"2.0","id":null,"result":{}}', 'a response has the "id"'],
    ['{"jsonrpc":"2.0","error":{}}', 'a response has the "id"'],
    ['{"jsonrpc":"2.0","id":[1],"error":{}}', 'a response has the "id"'],
  ])('refuses %s', (raw, why) => {
    const error = refusal(raw);
    expect(error).toMatchObject({ code: 'invalid_request', rpc: -32600 });
    expect(error.message).toContain(why);
  });
});

describe('narrowing helpers', () => {
  it('tell objects from everything else', () => {
    expect(isObject({})).toBe(true);
    for (const other of [null, undefined, [], 1, 'x', true]) {
      expect(isObject(other)).toBe(false);
      expect(objectOf(other)).toBeUndefined();
    }
    const object = { a: 1 };
    expect(objectOf(object)).toBe(object);
  });

  it('tell strings from everything else', () => {
    expect(stringOf('')).toBe('');
    for (const other of [null, undefined, 1, {}, ['x']]) expect(stringOf(other)).toBeUndefined();
  });

  it('parse JSON of any kind', () => {
    expect(parseJson('[1]')).toEqual([1]);
    expect(() => parseJson('nope')).toThrow(HearthError);
  });
});
