import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, untilReady } from '../support/app.js';
import { initialize, type Json, RawHttp } from '../support/raw-client.js';
import { statusOf } from '../support/socket.js';
import { MODERN, VERSION } from '../support/stateless.js';
import { TempFolder } from '../support/temp.js';
import { received } from '../support/wire.js';
import { bearer, type Keys, makeKeys } from './support.js';

const folder = new TempFolder();
const journal = folder.file('journal');
const TIMED = { numRuns: 5_000, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false };
const ANSWER_MS = 300;
const OPEN = new Set(['/health/live', '/healthz', '/health/ready', '/readyz', '/ready']);
/** What hearth itself says to a server, whoever is there. */
const OWN = /^(?:initialize|ping|server\/discover|notifications\/initialized|(?:tools|prompts|resources|resources\/templates)\/list)$/;

let keys: Keys;
let hearth: RunningApp;
let foreign: string;
let own: string;

beforeAll(async () => {
  keys = await makeKeys(folder);
  hearth = await startApp({
    servers: { one: fixture('', { env: { FIXTURE_JOURNAL: journal } }), two: fixture('', { validate: true, denyTools: ['die'] }) },
    auth: { keysFile: keys.file, failures: 1_000_000 },
    limits: { sessions: 100_000, sessionsPerClient: 100_000, message: '100kB', requestTimeout: 5_000, drain: 100 },
    http: { streamAfter: 20 },
  });
  await untilReady(hearth.url);
  [foreign, own] = [await sessionOf('/servers/one/mcp', keys.right), await sessionOf('/mcp', keys.scoped)];
});
afterAll(async () => {
  await hearth.app.stop();
  folder[Symbol.dispose]();
});

async function sessionOf(path: string, key: string): Promise<string> {
  const response = await new RawHttp(hearth.url + path).post(initialize(0), bearer(key));
  await response.text();
  return response.headers.get('mcp-session-id') as string;
}

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constant('POST') },
  fc.constantFrom('GET', 'DELETE', 'PUT', 'OPTIONS', 'HEAD', 'PATCH', 'post', 'TRACE'),
);
const paths = ['/mcp', '/sse', '/messages', '/servers/one/mcp', '/servers/two/mcp', '/servers/one/messages', '/servers/one/reset'];
const pages = ['/status', '/metrics', '/health', '/health/live', '/ready', '/v1/mcp/tools', '/mcp-rest/tools/call', '/.well-known/x'];
const path = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...paths, ...pages) }, fc.webPath());
const tool = fc.constantFrom('echo', 'one__echo', 'two__echo', 'one-echo', 'two__die', 'pid', '__proto__', 'one__');
const valid = fc.oneof(
  fc.constantFrom<Json>(
    initialize(1),
    { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
    { jsonrpc: '2.0', id: 2, method: 'resources/read', params: { uri: 'one+fixture://one' } },
    { jsonrpc: '2.0', id: 3, method: 'resources/subscribe', params: { uri: 'fixture://one' } },
    { jsonrpc: '2.0', id: 4, method: 'logging/setLevel', params: { level: 'debug' } },
    {
      jsonrpc: '2.0',
      id: 5,
      method: 'completion/complete',
      params: { ref: { type: 'ref/prompt', name: 'one__greet' }, argument: { name: 'a', value: '' } },
    },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
    { jsonrpc: '2.0', id: 'ask', result: {} },
  ),
  tool.map(
    (name): Json => ({ jsonrpc: '2.0', id: 6, method: 'tools/call', params: { name, arguments: { text: 'é' }, _meta: { progressToken: 1 } } }),
  ),
  tool.map((name): Json => ({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: {}, _meta: MODERN } })),
  tool.map((name): Json => ({ server_id: 'one', name, arguments: {} })),
);
/** A valid message with a member, or one of its params, of another kind, gone, or with a name that it should not have. */
const changed = fc.tuple(valid, fc.nat(), fc.jsonValue(), fc.constantFrom('set', 'drop', 'rename', 'inner')).map(([message, at, value, how]) => {
  const names = Object.keys(message);
  const name = names[at % names.length] as string;
  const { [name]: old, ...rest } = message;
  if (how === 'drop') return JSON.stringify(rest);
  if (how === 'rename') return JSON.stringify({ ...rest, [JSON.stringify(value) ?? 'undefined']: old });
  if (how === 'set') return JSON.stringify({ ...message, [name]: value });
  const params = (message.params ?? {}) as Json;
  const inner = Object.keys(params);
  return JSON.stringify({ ...message, params: { ...params, [inner[at % (inner.length || 1)] ?? 'x']: value } });
});
const cut = fc
  .tuple(valid, fc.nat(), fc.nat({ max: 9 }), fc.constantFrom('', 'null', '{', '"id":9,', '1e999', '\u0000', '\\'))
  .map(([message, at, less, text]) => {
    const whole = JSON.stringify(message);
    return whole.slice(0, at % whole.length) + text + whole.slice((at % whole.length) + less);
  });
const plain = valid.map((message) => JSON.stringify(message));
const body = fc.oneof(
  plain,
  changed,
  cut,
  fc.array(changed, { maxLength: 3 }).map((all) => `[${all.join()}]`),
  fc.json(),
  fc.string({ unit: 'binary' }),
);
const header = fc.oneof(
  fc.tuple(fc.constant('Accept'), fc.constantFrom('*/*', 'text/event-stream', 'application/json', 'x')),
  fc.tuple(fc.constant('Content-Type'), fc.constantFrom('application/json', 'text/plain', 'application/json;charset=utf-7')),
  fc.tuple(fc.constant('MCP-Protocol-Version'), fc.constantFrom(VERSION, '2025-11-25', '2025-03-26', 'x')),
  fc.tuple(fc.constant('Mcp-Method'), fc.constantFrom('tools/call', 'tools/list', 'x')),
  fc.tuple(fc.constant('Mcp-Name'), tool),
  fc.tuple(
    fc.constantFrom('Last-Event-ID', 'X-Correlation-ID', 'Mcp-Session-Id', 'X-Y'),
    fc.string({ unit: fc.constantFrom(...'aZ0-.,;= \t"\\/é') }),
  ),
  fc.tuple(fc.constantFrom('Expect', 'Content-Encoding', 'Transfer-Encoding', 'Upgrade'), fc.constantFrom('100-continue', 'gzip', 'chunked', 'x')),
);
const who = fc.constantFrom('none', 'wrong', 'revoked', 'expired', 'scoped', 'scoped');
const session = fc.constantFrom('', 'own', 'foreign');
const request = fc.record({ method, path, body, who, session, headers: fc.array(header, { maxLength: 3 }) });
type Made = typeof request extends fc.Arbitrary<infer T> ? T : never;

function bytesOf({ method, path, body, who, session, headers }: Made): Buffer {
  const key = { none: '', wrong: keys.right.slice(0, -1), revoked: keys.revoked, expired: keys.expired, scoped: keys.scoped }[who];
  const id = { '': '', own, foreign }[session];
  const defaults = { Accept: 'application/json, text/event-stream', 'Content-Type': 'application/json' };
  const given = new Set<string>(headers.map(([name]) => name));
  const all = [
    ...Object.entries(defaults).filter(([name]) => !given.has(name)),
    ...headers,
    ...(key ? [['Authorization', `Bearer ${key}`]] : []),
    ...(id ? [['Mcp-Session-Id', id]] : []),
    ['Content-Length', String(Buffer.byteLength(body))],
  ];
  const target = path.replace(/[^\x21-\x7e]/g, '') || '/';
  const query = target === '/messages' && id ? `?sessionId=${id}` : '';
  const head = `${method} ${target}${query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${all.map((pair) => `${pair.join(': ')}\r\n`).join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]);
}

function isWrong(status: number, { who, path }: Made): boolean {
  if (status >= 500) return status !== 503;
  return who !== 'scoped' && status > 0 && status < 400 && !OPEN.has(new URL(path, 'http://x').pathname);
}

it(verifies(
  ['X.auth', 'X.scope', 'X.input'],
  'made-up messages: no 5xx but 503, no crash, and nobody gets where their key does not lead',
), async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), async (requests) => {
      const statuses = await Promise.all(requests.map((one) => statusOf(hearth.url, bytesOf(one), ANSWER_MS)));
      for (const [at, { who }] of requests.entries()) {
        const kind = `${who === 'scoped' ? 'scoped' : 'nobody'} ${statuses[at]}`;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
      expect(requests.map((one, at) => ({ ...one, status: statuses[at] as number })).filter((one) => isWrong(one.status, one))).toEqual([]);
    }),
    TIMED,
  );
  // It got somewhere: refusals of each kind, and answers for the key that is right in its place.
  for (const kind of ['nobody 401', 'scoped 200', 'scoped 400', 'scoped 403', 'scoped 404'])
    expect([kind, seen.get(kind) ?? 0]).not.toEqual([kind, 0]);
  const methods = (await received(journal)).flatMap(({ method }) => (typeof method === 'string' ? [method] : []));
  expect(methods.filter((name) => !OWN.test(name))).toEqual([]);
  const client = new RawHttp(`${hearth.url}/servers/one/mcp`);
  client.session = foreign;
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'well' } } };
  const still = await client.post(body, bearer(keys.right));
  expect([still.status, await still.text()]).toEqual([200, expect.stringContaining('well')]);
}, 40_000);
