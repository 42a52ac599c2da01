import { describe, expect, it } from 'vitest';
import { type NotificationMessage, parseMessage, type RequestMessage } from '../../src/protocol/message.js';
import { InputRequests } from '../../src/session/input-requests.js';
import { until } from '../support/app.js';
import type { Json } from '../support/raw-client.js';

const question = (id: number, method: string, params?: Json) =>
  parseMessage(JSON.stringify({ jsonrpc: '2.0', id, method, params })) as RequestMessage;
const cancelled = (requestId: number) =>
  parseMessage(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } })) as NotificationMessage;

function asked(offered: Json = { elicitation: {}, sampling: {}, roots: {} }, limit = 2) {
  let told = 0;
  const inputs = new InputRequests(offered, limit, () => told++);
  const answers: Json[] = [];
  const asker = { answer: (raw: string) => void answers.push(JSON.parse(raw) as Json) };
  return { inputs, asker, answers, told: () => told };
}

describe('questions to a request that stands alone', () => {
  it('are told once, when they have gathered', async () => {
    const { inputs, asker, told } = asked();
    inputs.ask(asker, question(1, 'roots/list'));
    inputs.ask(asker, question(2, 'roots/list', {}));
    await until(() => told() === 1);
    expect(Object.values(inputs.toObject())).toEqual([{ method: 'roots/list' }, { method: 'roots/list', params: {} }]);
    inputs.close();
  });

  it('are refused where there is no word for them, no capability, or too many are open', () => {
    const { inputs, asker, answers } = asked({ roots: {}, elicitation: { form: {} } }, 1);
    inputs.ask(asker, question(1, 'custom/question'));
    inputs.ask(asker, question(2, 'sampling/createMessage', {}));
    inputs.ask(asker, question(3, 'elicitation/create', { mode: 'url' }));
    inputs.ask(asker, question(4, 'roots/list'));
    inputs.ask(asker, question(5, 'roots/list'));
    expect(answers.map(({ id, error }) => [id, (error as Json).code])).toEqual([
      [1, -32601],
      [2, -32601],
      [3, -32601],
      [5, -32005],
    ]);
    expect(inputs.missing).toEqual({ sampling: {}, elicitation: { url: {} } });
    inputs.close();
    expect(answers.at(-1)).toMatchObject({ id: 4, error: { code: -32008 } });
  });

  it('can be taken back, one or all of a server, and are not told then', async () => {
    const { inputs, asker, told } = asked();
    const other = { answer: () => {} };
    inputs.ask(asker, question(1, 'roots/list'));
    expect([inputs.cancel(other, cancelled(1)), inputs.cancel(asker, cancelled(9)), inputs.cancel(asker, cancelled(1))]).toEqual([
      false,
      false,
      true,
    ]);
    inputs.ask(asker, question(2, 'roots/list'));
    inputs.withdraw(other);
    expect(Object.keys(inputs.toObject())).toHaveLength(1);
    inputs.withdraw(asker);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(told()).toBe(0);
    inputs.announce();
  });

  it('take answers that are objects, for questions that are open', () => {
    const { inputs, asker, answers } = asked();
    inputs.ask(asker, question(7, 'roots/list'));
    const [key] = Object.keys(inputs.toObject()) as [string];
    for (const responses of [undefined, null, 'x', {}, { other: {} }, { [key]: 1 }]) inputs.answer(responses);
    expect(answers).toEqual([]);
    inputs.answer({ [key]: { roots: [] } });
    expect(answers).toEqual([{ jsonrpc: '2.0', id: 7, result: { roots: [] } }]);
    inputs.close();
  });
});
