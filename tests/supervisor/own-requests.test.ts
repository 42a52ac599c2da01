import { describe, expect, it } from 'vitest';
import { HearthError } from '../../src/errors.js';
import { parseMessage, type ResponseMessage } from '../../src/protocol/message.js';
import { OwnRequests } from '../../src/supervisor/own-requests.js';
import { failureOf } from './support.js';

const reply = (id: unknown, rest: object) => parseMessage(JSON.stringify({ jsonrpc: '2.0', id, ...rest })) as ResponseMessage;

function asked(timeoutMs = 60_000) {
  const sent: string[] = [];
  let id = 0;
  const own = new OwnRequests(
    (raw) => sent.push(raw),
    () => id,
  );
  const ask = (next: number) => {
    id = next;
    return own.ask('ping', undefined, timeoutMs);
  };
  return { own, sent, ask };
}

describe('OwnRequests', () => {
  it('sends a request and gives its result', async () => {
    const { own, sent, ask } = asked();
    const answer = ask(5);
    expect(sent).toEqual(['{"jsonrpc":"2.0","id":5,"method":"ping"}']);
    expect(own.settle(reply(5, { result: { a: 1 } }))).toBe(true);
    expect(await answer).toEqual({ a: 1 });
  });

  it("fails with the server's own error", async () => {
    const { own, ask } = asked();
    const failure = failureOf(ask(1));
    own.settle(reply(1, { error: { code: -32601, message: 'no ping' } }));
    expect(await failure).toMatchObject({ code: 'unavailable', message: 'the server answered with error -32601: no ping' });
  });

  it('takes only its own answers, and each of them once', async () => {
    const { own, ask } = asked();
    const answer = ask(1);
    for (const id of ['1', 2]) expect(own.settle(reply(id, { result: 0 }))).toBe(false);
    expect(own.settle(reply(null, { error: {} }))).toBe(false);
    expect(own.settle(reply(1, { result: 0 }))).toBe(true);
    expect(own.settle(reply(1, { result: 0 }))).toBe(false);
    expect(await answer).toBe(0);
  });

  it('fails at the time limit, and knows nothing of a late answer', async () => {
    const { own, ask } = asked(20);
    expect(await failureOf(ask(1))).toMatchObject({ code: 'timeout', message: 'the server did not answer ping within 20 ms' });
    expect(own.settle(reply(1, { result: 0 }))).toBe(false);
  });

  it('fails when it cannot be sent', async () => {
    const full = new HearthError('overloaded', 'full');
    const refuse = (): void => {
      throw full;
    };
    const own = new OwnRequests(refuse, () => 1);
    expect(await failureOf(own.ask('ping', undefined, 60_000))).toBe(full);
    expect(own.settle(reply(1, { result: 0 }))).toBe(false);
  });

  it('fails one of them, or all', async () => {
    const { own, ask } = asked();
    const failures = [1, 2, 3].map((id) => failureOf(ask(id)));
    own.fail(new HearthError('too_large', 'large'), 2);
    own.fail(new HearthError('too_large', 'nobody'), 9);
    own.fail(new HearthError('draining', 'all'));
    expect(await Promise.all(failures)).toMatchObject([{ message: 'all' }, { message: 'large' }, { message: 'all' }]);
  });
});
