import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, untilReady } from '../support/app.js';
import { initialize, RawHttp } from '../support/raw-client.js';
import { statusOf } from '../support/socket.js';
import { TempFolder } from '../support/temp.js';
import { bearer, Issuer, type Keys, makeKeys } from './support.js';

const folder = new TempFolder();
const TIMED = { numRuns: 5_000, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false };
const ANSWER_MS = 300;
/** Paths that answer whoever asks. */
const OPEN =
  /^\/(?:health\/(?:live|ready)|healthz|readyz|ready|\.well-known\/oauth-protected-resource(?:\/|\/mcp|\/sse|\/servers\/[^/]+\/(?:mcp|sse))?)(?:[?#]|$)/;

let issuer: Issuer;
let keys: Keys;
let hearth: RunningApp;
let foreign: string;
let session: string;

beforeAll(async () => {
  [issuer, keys] = [await Issuer.start(), await makeKeys(folder)];
  const auth = { keysFile: keys.file, keys: ['plain-key-in-the-config'], jwt: issuer.jwt, failures: 1_000_000 };
  hearth = await startApp({ servers: { one: fixture() }, auth, limits: { drain: 100 }, http: { streamAfter: 20 } });
  await untilReady(hearth.url);
  foreign = await issuer.token({ aud: 'https://other.test' });
  const opened = await new RawHttp(`${hearth.url}/mcp`).post(initialize(0), bearer(keys.right));
  session = opened.headers.get('mcp-session-id') as string;
});
afterAll(async () => {
  await hearth.app.stop();
  await issuer[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const piece = fc.string({ unit: fc.constantFrom(...'/.%2fF?#&=~;:@\\é 09aZ-_'), maxLength: 8 });
const known = fc.constantFrom(
  '/mcp',
  '/sse',
  '/messages',
  '/status',
  '/metrics',
  '/health',
  '/servers/one/mcp',
  '/servers/one/reset',
  '/health/live',
);
const path = fc.oneof(
  known,
  fc.tuple(known, piece).map(([start, end]) => start + end),
  fc.tuple(fc.constantFrom('/health/live', '/healthz', '/.well-known/oauth-protected-resource'), piece, known).map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('http://localhost', 'HTTP://127.0.0.1:80', 'x://localhost', '//localhost'), known).map((parts) => parts.join('')),
  fc.webPath(),
);
/** Every one of them is wrong, in some way. */
const credential = fc.oneof(
  fc.constantFrom('', 'Bearer', 'Bearer ', 'Basic eDp5', 'bearer null', 'Bearer undefined', 'Bearer [object Object]'),
  fc.string({ unit: 'binary-ascii' }).map((text) => `Bearer ${text.replace(/[^\x20-\x7e]/g, '~')}`),
  fc.nat().map((length) => `Bearer ${keys.right.slice(0, length % keys.right.length)}`),
  fc.tuple(fc.nat(), fc.constantFrom('A', 'b', '_', '.')).map(([at, char]) => `Bearer ${changed(keys.right, at, char)}`),
  fc.tuple(fc.nat(), fc.constantFrom('A', 'b', '_', '.')).map(([at, char]) => `Bearer ${changed(foreign, at, char)}`),
  fc.constantFrom('x').map(() => `Bearer ${keys.revoked}`),
  fc
    .tuple(fc.jsonValue(), fc.jsonValue())
    .map((parts) => `Bearer ${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.AAAA`),
);
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'PATCH'),
  path,
  name: fc.constantFrom('Authorization', 'authorization', 'X-API-Key', 'x-api-key', 'Cookie', 'Proxy-Authorization', 'X-Forwarded-User'),
  credential,
  more: fc.array(fc.tuple(fc.constantFrom('Authorization', 'X-API-Key', 'X-Original-URL', 'Mcp-Method'), credential), { maxLength: 2 }),
  inSession: fc.boolean(),
});

function changed(text: string, at: number, char: string): string {
  const index = at % text.length;
  return text[index] === char ? `${text}x` : text.slice(0, index) + char + text.slice(index + 1);
}

const BODY = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

it(verifies(['X.auth', 'X.jwt'], 'made-up requests with made-up keys: no way in, no crash, and no 5xx but 503'), async () => {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), async (requests) => {
      const outcomes = await Promise.all(
        requests.map(async ({ method, path, name, credential, more, inSession }) => {
          const target = path.replace(/[^\x21-\x7e]/g, '') || '/';
          const headers = [[name, credential], ...more, ...(inSession ? [['Mcp-Session-Id', session]] : [])].map(
            ([key, value]) => `${key}: ${value}\r\n`,
          );
          const fixed = 'Host: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nConnection: close\r\n';
          const bytes = `${method} ${target} HTTP/1.1\r\n${fixed}Content-Length: ${BODY.length}\r\n${headers.join('')}\r\n${BODY}`;
          const status = await statusOf(hearth.url, Buffer.from(bytes, 'latin1'), ANSWER_MS);
          return { status, target: `${method} ${target}`, path: new URL(target.startsWith('/') ? `http://x${target}` : target).pathname };
        }),
      );
      const wrong = outcomes.filter(({ status, path }) => (status >= 500 && status !== 503) || (status < 400 && status !== 0 && !OPEN.test(path)));
      expect(wrong).toEqual([]);
      count += requests.length;
    }),
    TIMED,
  );
  expect(count).toBeGreaterThan(100);
  const still = await fetch(`${hearth.url}/mcp`, {
    method: 'POST',
    headers: { ...bearer(keys.right), 'mcp-session-id': session, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: BODY,
  });
  expect(still.status).toBe(200);
}, 30_000);
