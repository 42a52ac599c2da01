import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, untilReady } from '../support/app.js';
import { initialize, type Json } from '../support/raw-client.js';
import { TempFolder } from '../support/temp.js';
import { bearer, type Keys, makeKeys } from './support.js';

const folder = new TempFolder();
let hearth: RunningApp;
let keys: Keys;

beforeAll(async () => {
  keys = await makeKeys(folder);
  hearth = await startApp({
    servers: { one: fixture(), two: fixture() },
    auth: { keysFile: keys.file, failures: 100_000 },
  });
  await untilReady(hearth.url);
});

afterAll(async () => {
  await hearth.app.stop();
  folder[Symbol.dispose]();
});

type Headers = Record<string, string>;
const ACCEPT = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
const PING: Json = { jsonrpc: '2.0', id: 1, method: 'ping' };

/** The status and headers; a stream is not read. */
async function ask(method: string, path: string, headers: Headers, body?: Json): Promise<Response> {
  const abort = new AbortController();
  const response = await fetch(hearth.url + path, {
    method,
    headers: { ...ACCEPT, ...headers },
    signal: abort.signal,
    ...(body && { body: JSON.stringify(body) }),
  });
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) abort.abort();
  return response;
}

/** A session of the right key on `/mcp`. @returns its id */
async function session(prefix: string): Promise<string> {
  const response = await ask('POST', `${prefix}/mcp`, bearer(keys.right), initialize(0));
  await response.text();
  return response.headers.get('mcp-session-id') as string;
}

const open: AbortController[] = [];
afterAll(() => {
  for (const abort of open) abort.abort();
});

/** A session of the right key on `/sse`. @returns where it takes messages */
async function sse(prefix: string): Promise<string> {
  const abort = new AbortController();
  open.push(abort);
  const response = await fetch(`${hearth.url}${prefix}/sse`, { headers: bearer(keys.right), signal: abort.signal });
  const { value } = await (response.body as ReadableStream<Uint8Array>).getReader().read();
  return /data: (\S+)/.exec(new TextDecoder().decode(value))?.[1] as string;
}

interface Route {
  readonly method: string;
  readonly path: string;
  /** The answer to whoever may use it. */
  readonly right: number;
  /** A session that the right key has opened for this request. */
  readonly own?: 'mcp' | 'sse';
  readonly body?: Json;
  readonly server?: 'one' | 'two';
  readonly isMcp: boolean;
  /** Whether it looks as if it were not there to whoever it is out of scope for. */
  readonly isHidden?: boolean;
}

function mcpRoutes(prefix: string, server?: 'one' | 'two'): Route[] {
  const common = { isMcp: true, ...(server && { server }) };
  return [
    { ...common, method: 'POST', path: `${prefix}/mcp`, right: 200, body: initialize(1) },
    { ...common, method: 'POST', path: `${prefix}/mcp`, right: 200, own: 'mcp', body: PING },
    { ...common, method: 'GET', path: `${prefix}/mcp`, right: 200, own: 'mcp' },
    { ...common, method: 'DELETE', path: `${prefix}/mcp`, right: 200, own: 'mcp' },
    { ...common, method: 'GET', path: `${prefix}/sse`, right: 200 },
    { ...common, method: 'POST', path: `${prefix}/messages`, right: 202, own: 'sse', body: PING },
    ...['PUT', 'PATCH', 'HEAD', 'OPTIONS'].map((method) => ({ ...common, method, path: `${prefix}/mcp`, right: 405 })),
    ...['POST', 'DELETE', 'OPTIONS'].map((method) => ({ ...common, method, path: `${prefix}/sse`, right: 405 })),
    ...['GET', 'DELETE'].map((method) => ({ ...common, method, path: `${prefix}/messages`, right: 405 })),
  ];
}

const restCall = (server: string): Json => ({ server_id: server, name: 'echo', arguments: { text: 'hi' } });

function pageRoutes(): Route[] {
  const pages = ['/status', '/metrics', '/health'].flatMap((path) => [
    { method: 'GET', path, right: 200, isMcp: false },
    ...['POST', 'PUT', 'DELETE'].map((method) => ({ method, path, right: 405, isMcp: false })),
  ]);
  const others = ['/nothing', '/v1/mcp/none', '/health/live/../../secret', '/METRICS', '/metrics/', '//metrics', '/health%2flive', '/servers/none/x'];
  return [
    ...pages,
    { method: 'GET', path: '/v1/mcp/tools', right: 200, isMcp: true },
    { method: 'POST', path: '/v1/mcp/tools', right: 405, isMcp: true },
    { method: 'POST', path: '/mcp-rest/tools/call', right: 200, body: restCall('two'), isMcp: true },
    { method: 'POST', path: '/mcp-rest/tools/call', right: 200, body: restCall('one'), isMcp: true, isHidden: true },
    { method: 'POST', path: '/servers/two/reset', right: 202, isMcp: false },
    { method: 'POST', path: '/servers/none/reset', right: 404, isMcp: false },
    ...others.map((path) => ({ method: 'GET', path, right: 404, isMcp: false })),
    { method: 'POST', path: '/servers/none/mcp', right: 404, isMcp: true, server: 'one' as const }, // a server nobody has is out of every scope
  ];
}

const ROUTES = [...mcpRoutes(''), ...mcpRoutes('/servers/one', 'one'), ...mcpRoutes('/servers/two', 'two'), ...pageRoutes()];

type Who = Readonly<Record<string, { headers(): Headers; expected(route: Route): number }>>;
const refused = { expected: () => 401 };
const WHO: Who = {
  'no key': { headers: () => ({}), ...refused },
  'a wrong key': { headers: () => bearer('not-a-key-at-all'), ...refused },
  'a wrong secret under a right id': { headers: () => bearer(keys.right.slice(0, -43) + keys.other.slice(-43)), ...refused },
  'a key in another scheme': { headers: () => ({ authorization: `Basic ${btoa(`x:${keys.right}`)}` }), ...refused },
  'a key without scheme': { headers: () => ({ authorization: keys.right }), ...refused },
  'an empty key': { headers: () => ({ 'x-api-key': '' }), ...refused },
  'two keys': { headers: () => ({ ...bearer(keys.right), 'x-api-key': keys.other }), ...refused },
  'a revoked key': { headers: () => bearer(keys.revoked), ...refused },
  'an expired key': { headers: () => bearer(keys.expired), ...refused },
  'an expired key in X-API-Key': { headers: () => ({ 'x-api-key': keys.expired }), ...refused },
  "another's key": { headers: () => bearer(keys.other), expected: ({ own, right }) => (own ? 404 : right) },
  'a key out of scope': {
    headers: () => bearer(keys.scoped),
    expected: ({ isMcp, server, own, isHidden, right }) => (!isMcp || server === 'one' ? 403 : own || isHidden ? 404 : right),
  },
  'the right key': { headers: () => bearer(keys.right), expected: ({ right }) => right },
  'the right key in X-API-Key': { headers: () => ({ 'x-api-key': keys.right }), expected: ({ right }) => right },
  'the right key twice over': { headers: () => ({ ...bearer(keys.right), 'x-api-key': keys.right }), expected: ({ right }) => right },
};

describe('every route, every method', () => {
  it.each(Object.keys(WHO))(verifies(['X.auth', 'X.sessions'], 'with %s'), async (name) => {
    const who = WHO[name] as Who[string];
    const wrong: string[] = [];
    for (const route of ROUTES) {
      const { method, own, body } = route;
      const prefix = route.path.replace(/\/(?:mcp|messages|sse)$/, '');
      const path = own === 'sse' ? await sse(prefix) : route.path;
      const id = own === 'mcp' ? { 'mcp-session-id': await session(prefix) } : undefined;
      const response = await ask(method, path, { ...who.headers(), ...id }, body);
      const expected = who.expected(route);
      if (response.status !== expected) wrong.push(`${method} ${path}${own ? ' in a session' : ''}: ${response.status}, not ${expected}`);
      if (response.status === 401 && response.headers.get('www-authenticate') !== 'Bearer realm="hearth"')
        wrong.push(`${method} ${path}: no challenge`);
      if (response.status === 401 && method !== 'HEAD') expect(((await response.json()) as { error: Json }).error.code).toBe(-32016);
      else await response.text().catch(() => '');
    }
    expect(wrong).toEqual([]);
  });

  it(verifies(['X.auth'], 'liveness and readiness need no key'), async () => {
    for (const path of ['/health/live', '/healthz', '/health/ready', '/readyz', '/ready']) expect((await ask('GET', path, {})).status).toBe(200);
  });

  it.each(['api_key', 'key', 'token', 'access_token', 'apikey', 'API_KEY'])(
    verifies(['X.auth'], 'a key in the query string as %s is 400, even with a right one in a header'),
    async (name) => {
      for (const path of ['/mcp', '/sse', '/messages', '/status', '/nothing']) {
        const response = await ask('GET', `${path}?${name}=${keys.right}`, bearer(keys.right));
        expect(response.status).toBe(400);
        const text = await response.text();
        expect(text).toContain('do not belong into URLs');
        expect(text).not.toContain(keys.right);
      }
    },
  );

  it('a target in absolute form is judged by its path', async () => {
    expect((await ask('GET', '/health/live/..%2f..%2fmetrics', {})).status).toBe(401);
  });
});

describe('auth.open', () => {
  it(verifies(['X.auth'], 'opens the routes that it names, and no others'), async () => {
    await using some = await startApp({ servers: { one: fixture() }, auth: { keys: [keys.right], open: ['metrics', 'health'] } });
    const status = async (path: string): Promise<number> => (await fetch(some.url + path)).status;
    await untilReady(some.url);
    expect([await status('/metrics'), await status('/health'), await status('/status'), await status('/mcp')]).toEqual([200, 200, 401, 401]);
    expect((await fetch(`${some.url}/servers/one/reset`, { method: 'POST' })).status).toBe(401);
  });
});
