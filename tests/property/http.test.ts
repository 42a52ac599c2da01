import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { initialize, RawHttp, RawSse } from '../support/raw-client.js';
import { statusOf } from '../support/socket.js';

/** 5xx that say something: the server has died, is away, or took too long. */
const MEANT = new Set([502, 503, 504]);
const TIMED = { numRuns: 5_000, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false };
const ANSWER_MS = 300;
/** Of the answer itself; a "100 Continue" may come before it. */

let hearth: RunningApp;
let control: RawHttp;
let sse: RawSse;

beforeAll(async () => {
  hearth = await startApp({
    servers: { fixture: fixture('', { maxRestarts: 1_000_000, backoffMin: 1, breakerFailures: 0 }) },
    limits: { requestTimeout: 5_000, message: '100kB', sessions: 100_000, sessionsPerClient: 100_000, drain: 100 },
    http: { streamAfter: 20 },
  });
  await untilReady(hearth.url);
  control = new RawHttp(`${hearth.url}/mcp`);
  await control.open();
  sse = await RawSse.open(`${hearth.url}/sse`);
  await sse.initialize();
});

afterAll(async () => {
  sse.close();
  await hearth.app.stop();
});

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly body: Uint8Array;
  readonly inSession: boolean;
}

const token = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_!~'), minLength: 1, maxLength: 10 });
const method = fc.oneof({ weight: 6, arbitrary: fc.constant('POST') }, fc.constantFrom('GET', 'DELETE', 'PUT', 'OPTIONS', 'HEAD', 'PATCH'), token);
const known = fc.constantFrom(
  '/mcp',
  '/mcp',
  '/messages',
  '/sse',
  '/servers/fixture/mcp',
  '/servers/x/sse',
  '/status',
  '/health',
  '/servers/fixture/reset',
);
const path = fc.oneof(
  { weight: 4, arbitrary: known },
  fc.webPath(),
  fc.string({ unit: fc.constantFrom(...'/.%2fF?#&=~;:@\\é') }).map((text) => `/${text}`),
);
const header = fc.oneof(
  fc.tuple(fc.constant('accept'), fc.constantFrom('*/*', 'text/event-stream', 'application/json', '')),
  fc.tuple(fc.constant('content-type'), fc.constantFrom('application/json', 'text/plain', 'application/json;charset=x', '')),
  fc.tuple(
    fc.constantFrom('mcp-protocol-version', 'mcp-session-id', 'last-event-id', 'content-encoding', 'origin', 'x-correlation-id', 'expect'),
    token,
  ),
  fc.tuple(token, fc.string({ unit: fc.constantFrom(...' \tabc,;="\\/é') })),
);
const valid = fc.constantFrom<object>(
  initialize(1),
  { jsonrpc: '2.0', id: 1, method: 'ping' },
  { jsonrpc: '2.0', id: 'x', method: 'tools/list', params: {} },
  { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'echo', arguments: { text: 'é' }, _meta: { progressToken: 7 } } },
  { jsonrpc: '2.0', id: 3, method: 'resources/subscribe', params: { uri: 'fixture://one' } },
  { jsonrpc: '2.0', id: 4, method: 'logging/setLevel', params: { level: 'info' } },
  { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2 } },
  { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } },
  { jsonrpc: '2.0', id: 1, result: {} },
);
/** A valid message with one piece of its text replaced. */
const mutated = fc
  .tuple(
    valid,
    fc.nat(),
    fc.nat({ max: 12 }),
    fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('null', '{}', '[]', '"id":9,', '1e999', '\u0000')),
  )
  .map(([message, at, length, text]) => {
    const whole = JSON.stringify(message);
    const from = at % whole.length;
    return whole.slice(0, from) + text + whole.slice(from + length);
  });
/** A valid message with one of its members of another type. */
const retyped = fc.tuple(valid, fc.nat(), fc.jsonValue()).map(([message, at, value]) => {
  const keys = Object.keys(message);
  return JSON.stringify({ ...message, [keys[at % keys.length] as string]: value });
});
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map(bytesOf),
  mutated.map(bytesOf),
  retyped.map(bytesOf),
  valid.map((message) => bytesOf(JSON.stringify(message))),
);
const request: fc.Arbitrary<Request> = fc.record({ method, path, headers: fc.array(header, { maxLength: 4 }), body, inSession: fc.boolean() });

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

/** The request as bytes: what no HTTP client would send goes out too. */
function wire({ method, path, headers, body, inSession }: Request): Buffer {
  const [target, own] = inSession ? sessionOf(path) : [path, []];
  const defaults = [
    ['host', 'localhost'],
    ['accept', 'application/json, text/event-stream'],
    ['content-type', 'application/json'],
    ['content-length', String(body.length)],
    ['connection', 'close'],
    ...own,
  ];
  const named = new Set(headers.map(([name]) => name));
  const lines = [...defaults.filter(([name]) => !named.has(name as string)), ...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body]);
}

function sessionOf(path: string): [string, string[][]] {
  if (path === '/messages') return [sse.endpoint ?? path, []];
  return [path, path === '/mcp' ? [['mcp-session-id', control.session ?? '']] : []];
}

/** The session may have been ended by a DELETE that was made up; then a new one works. */
async function controlWorks(): Promise<void> {
  const response = await control.post({ jsonrpc: '2.0', id: 'control', method: 'ping' });
  if (response.status === 404) {
    control.session = undefined;
    await control.open();
  } else {
    expect(response.status).toBe(200);
  }
  await response.text();
}

describe('arbitrary HTTP requests', () => {
  it('get no 5xx that is not meant, crash nothing, and leave other clients alone', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), async (requests) => {
        const statuses = await Promise.all(requests.map((one) => statusOf(hearth.url, wire(one), ANSWER_MS)));
        expect(statuses.filter((status) => status >= 500 && !MEANT.has(status))).toEqual([]);
        await controlWorks();
        count += requests.length;
      }),
      TIMED,
    );
    expect(count).toBeGreaterThan(100);
    expect(await control.call('last', 'echo', { text: 'well' })).toBe('well');
    expect(sse.ended || (await sse.call('last', 'echo', { text: 'well' })) === 'well').toBe(true);
    await until(() => !hearth.app.busy);
  }, 30_000);
});
