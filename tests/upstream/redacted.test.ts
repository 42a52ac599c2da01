import { describe, expect, it } from 'vitest';
import { HearthError } from '../../src/errors.js';
import { parseMessage } from '../../src/protocol/message.js';
import { Redactor } from '../../src/telemetry/redactor.js';
import { redacted } from '../../src/upstream/redacted.js';
import type { Upstream, UpstreamHandlers } from '../../src/upstream/upstream.js';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until } from '../support/app.js';
import { initialize, RawHttp } from '../support/raw-client.js';

const SECRET = 'secret-"1"';

function opened(extra: Partial<Upstream> = {}) {
  const told: unknown[] = [];
  const redactor = new Redactor();
  let inner: UpstreamHandlers | undefined;
  const connect = redacted(
    (handlers) => {
      inner = handlers;
      return { pid: 7, send: () => {}, close: () => Promise.resolve(), ...extra };
    },
    redactor,
    { TOKEN: SECRET },
  );
  const upstream = connect({
    onMessage: (message) => told.push(message.raw),
    onOversized: () => {},
    onUndelivered: (id) => told.push(id),
    onRefused: (_id, error) => told.push(error.message),
    onClosed: (reason) => told.push(reason),
  });
  return { upstream, redactor, told, handlers: inner as UpstreamHandlers };
}

describe('what an upstream says', () => {
  it(verifies(['X.redaction'], 'about its failures has no secrets; the rest passes untouched'), () => {
    const { upstream, told, handlers } = opened();
    const result = `{"jsonrpc":"2.0", "id":1, "result":{"a":${JSON.stringify(SECRET)}}}`;
    const harmless = '{"jsonrpc":"2.0", "id":1, "error":{"code":-1,"message":"x"}}';
    handlers.onMessage(parseMessage(result));
    handlers.onMessage(parseMessage(harmless));
    handlers.onMessage(parseMessage(JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -1, message: SECRET, data: [SECRET] } })));
    handlers.onUndelivered(5);
    handlers.onRefused(1, new HearthError('unavailable', `with ${SECRET}`));
    handlers.onRefused(1, new HearthError('unavailable', 'plain'));
    handlers.onClosed({ kind: 'exit', text: `ended by ${SECRET}`, lastWords: SECRET });
    handlers.onClosed({ kind: 'exit', text: 'ended', lastWords: undefined });
    expect(upstream.pid).toBe(7);
    expect(told).toEqual([
      result,
      harmless,
      '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"[redacted:TOKEN]","data":["[redacted:TOKEN]"]}}',
      5,
      'with [redacted:TOKEN]',
      'plain',
      { kind: 'exit', text: 'ended by [redacted:TOKEN]', lastWords: '[redacted:TOKEN]' },
      { kind: 'exit', text: 'ended', lastWords: undefined },
    ]);
  });

  it.each([
    ['hearth itself', new HearthError('overloaded', `full of ${SECRET}`), 'full of [redacted:TOKEN]'],
    ['elsewhere', new TypeError('other'), 'other'],
  ])('in an error of %s as it is sent to', (_where, error, message) => {
    const { upstream } = opened({
      send: () => {
        throw error;
      },
    });
    expect(() => upstream.send('{}')).toThrow(message);
  });

  it('is no longer looked for once it is closed, or was never opened', async () => {
    const { upstream, redactor } = opened();
    expect(redactor.size).toBe(1);
    await upstream.close();
    await upstream.close();
    expect(redactor.size).toBe(0);
    const failing = (error: Error) => () =>
      redacted(
        () => {
          throw error;
        },
        redactor,
        { TOKEN: SECRET },
      )({} as UpstreamHandlers);
    expect(failing(new Error(`no ${SECRET}`))).toThrow('no [redacted:TOKEN]');
    expect(failing(new HearthError('unavailable', 'no'))).toThrow(HearthError);
    expect(redactor.size).toBe(0);
  });
});

it(verifies(['X.redaction'], "clients' credentials are known as long as their children live, and no longer"), async () => {
  const redactor = new Redactor();
  const keyed = fixture('', { credentials: { TOKEN: 'X-Token' }, credentialIdle: 50 });
  await using hearth = await startApp({ servers: { keyed } }, undefined, redactor);
  const before = redactor.size;
  for (const token of ['token-of-one', 'token-of-two', 'token-of-three']) {
    const client = new RawHttp(`${hearth.url}/mcp`);
    const response = await client.post(initialize(0), { 'x-token': token });
    client.session = response.headers.get('mcp-session-id') ?? undefined;
    expect(redactor.text(token)).toBe('[redacted:TOKEN]');
    await client.close();
  }
  await until(() => redactor.size === before);
});
