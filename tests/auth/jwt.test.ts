import { createHmac } from 'node:crypto';
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2, SSEClientTransport as SseV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SseV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { initialize, type Json, RawHttp } from '../support/raw-client.js';
import { TempFolder } from '../support/temp.js';
import { metric } from '../support/wire.js';
import { bearer, Issuer } from './support.js';

const SERVERS = { one: fixture(), two: fixture() };
const scopes = { 'tools:echo': { tools: ['*__echo'] }, nothing: { servers: [], tools: [] } };

let issuer: Issuer;
let stranger: Issuer;
let hearth: RunningApp;

beforeAll(async () => {
  [issuer, stranger] = [await Issuer.start(), await Issuer.start()];
  hearth = await startApp({
    servers: SERVERS,
    auth: { jwt: { ...issuer.jwt, scopes, clockTolerance: 5_000 }, keys: ['a-plain-key-beside'], failures: 100_000, open: ['metrics'] },
  });
  await untilReady(hearth.url);
});
afterAll(async () => {
  await hearth.app.stop();
  await Promise.all([issuer[Symbol.asyncDispose](), stranger[Symbol.asyncDispose]()]);
});

const post = (token: string, path = '/mcp', url = hearth.url): Promise<Response> => new RawHttp(url + path).post(initialize(0), bearer(token));
const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const seconds = (offset: number): number => Math.floor(Date.now() / 1000) + offset;

/** A token signed with a public key as if that were a secret (RFC 8725, 2.1), and others that no library makes. */
function forged(alg: string, secret = ''): string {
  const text = `${b64({ alg, kid: issuer.jwks.keys[0]?.kid })}.${b64({ iss: issuer.url, aud: 'https://hearth.test', sub: 'alice', scope: 'mcp:tools', exp: seconds(300) })}`;
  return `${text}.${secret === '' ? '' : createHmac('sha256', secret).update(text).digest('base64url')}`;
}

type Case = readonly [string, () => Promise<string> | string, number];
const CASES: readonly Case[] = [
  ['a good one', () => issuer.token(), 200],
  ['several audiences', () => issuer.token({ aud: ['https://other', 'https://hearth.test'] }), 200],
  ['scp as a list', () => issuer.token({ scope: undefined, scp: ['x', 'mcp:tools'] }), 200],
  ['scp as text', () => issuer.token({ scope: undefined, scp: 'mcp:tools' }), 200],
  ['expired within the tolerance', () => issuer.token({ exp: seconds(-2) }), 200],
  ['no kid', () => issuer.token({}, { kid: undefined }), 200],
  ['expired', () => issuer.token({ exp: seconds(-60) }), 401],
  ['not valid yet', () => issuer.token({ nbf: seconds(60) }), 401],
  ['no time of expiry', () => issuer.token({ exp: undefined }), 401],
  ['another issuer', () => issuer.token({ iss: 'https://evil.test' }), 401],
  ['another audience', () => issuer.token({ aud: 'https://other.test' }), 401],
  ['no audience', () => issuer.token({ aud: undefined }), 401],
  ['no subject', () => issuer.token({ sub: undefined }), 401],
  ['an empty subject', () => issuer.token({ sub: '' }), 401],
  ["a stranger's signature", () => stranger.token({ iss: issuer.url }), 401],
  ["a stranger's signature under our key's name", () => stranger.token({ iss: issuer.url }, { kid: issuer.jwks.keys[0]?.kid }), 401],
  ['a changed payload', async () => (await issuer.token()).replace(/\.[^.]+\./, `.${b64({ iss: issuer.url, sub: 'root', exp: seconds(99) })}.`), 401],
  ['alg none', () => forged('none'), 401],
  ['alg None', () => forged('None'), 401],
  ['HMAC with the public key', () => forged('HS256', JSON.stringify(issuer.jwks.keys[0])), 401],
  ['not base64', () => 'a.b.c', 401],
  ['a key of any kind', () => 'no-token', 401],
  ['no scope', () => issuer.token({ scope: undefined }), 403],
  ['scopes that say nothing here', () => issuer.token({ scope: 'openid __proto__ constructor' }), 403],
];

describe('a token', () => {
  it.each(CASES)(verifies(['X.jwt'], 'with %s'), async (_name, make, expected) => {
    const response = await post(await make());
    expect(response.status).toBe(expected);
    const challenge = response.headers.get('www-authenticate');
    const metadata = `resource_metadata="${hearth.url}/.well-known/oauth-protected-resource/mcp"`;
    if (expected === 401) expect(challenge).toBe(`Bearer ${metadata}`);
    if (expected === 403) expect(challenge).toMatch(/^Bearer error="insufficient_scope", scope="mcp:tools .*", resource_metadata="/);
    await response.text();
  });

  it('is not accepted as X-API-Key, and a key beside tokens works', async () => {
    const client = new RawHttp(`${hearth.url}/mcp`);
    expect((await client.post(initialize(0), { 'x-api-key': await issuer.token() })).status).toBe(401);
    expect((await post('a-plain-key-beside')).status).toBe(200);
  });

  it(verifies(['X.jwt', 'X.scope'], 'gives what its scopes say, and nothing else'), async () => {
    const one = await issuer.token({ scope: 'openid mcp:server:one' });
    expect([(await post(one, '/servers/one/mcp')).status, (await post(one, '/servers/two/mcp')).status]).toEqual([200, 403]);
    expect((await fetch(`${hearth.url}/status`, { headers: bearer(one) })).status).toBe(403);
    expect((await fetch(`${hearth.url}/status`, { headers: bearer(await issuer.token()) })).status).toBe(200);
    const nothing = await issuer.token({ scope: 'nothing' });
    expect((await post(nothing, '/servers/one/mcp')).status).toBe(403);
  });

  it(verifies(['X.sessions'], "opens a session for its subject: a newer token of the same goes on, another's does not"), async () => {
    const client = new RawHttp(`${hearth.url}/mcp`);
    client.session = (await client.post(initialize(0), bearer(await issuer.token()))).headers.get('mcp-session-id') ?? '';
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
    expect((await client.post(ping, bearer(await issuer.token({ exp: seconds(60), jti: 'new' })))).status).toBe(200);
    expect((await client.post(ping, bearer(await issuer.token({ sub: 'bob' })))).status).toBe(404);
    const narrow = bearer(await issuer.token({ scope: 'tools:echo' }));
    const listed = await (await client.post({ jsonrpc: '2.0', id: 2, method: 'tools/list' }, narrow)).json();
    const names = (listed as { result: { tools: Json[] } }).result.tools.map(({ name }) => name);
    expect(names).toEqual(['one__echo', 'two__echo']);
  });

  it(verifies(['X.jwt', 'X.sessions'], 'that expires ends the streams of its session, which goes on with a newer one'), async () => {
    await using app = await startApp({ servers: SERVERS, auth: { jwt: { ...issuer.jwt, clockTolerance: 0 } } });
    await untilReady(app.url);
    const client = new RawHttp(`${app.url}/mcp`);
    const brief = bearer(await issuer.token({ exp: seconds(2) }));
    client.session = (await client.post(initialize(0), brief)).headers.get('mcp-session-id') ?? '';
    const stream = await fetch(client.url, { headers: client.headers({ ...brief, accept: 'text/event-stream' }) });
    await stream.text(); // ends by itself
    expect(app.app.sessions.size).toBe(0);
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    expect((await client.post(list, brief)).status).toBe(401);
    expect((await client.post(list, bearer(await issuer.token({ sub: 'bob' })))).status).toBe(404);
    expect((await client.post(list, bearer(await issuer.token()))).status).toBe(200);
  });
});

describe('the keys of the issuer', () => {
  it(verifies(['X.jwt'], 'are fetched once, and again when they rotate'), async () => {
    await using own = await Issuer.start();
    await using app = await startApp({ servers: SERVERS, auth: { jwt: { ...own.jwt, cooldown: 100 }, failures: 1_000 } });
    const before = await own.token();
    for (let n = 0; n < 5; n++) expect((await post(before, '/mcp', app.url)).status).toBe(200);
    expect(own.fetches).toBe(1);
    await own.rotate();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await post(await own.token(), '/mcp', app.url)).status).toBe(200);
    expect((await post(before, '/mcp', app.url)).status).toBe(401);
    expect(own.fetches).toBeLessThanOrEqual(3);
  });

  it.each<[string, (res: import('node:http').ServerResponse) => void]>([
    ['answers 500', (res) => void res.writeHead(500).end()],
    ['answers with something else', (res) => void res.writeHead(200).end('<html>')],
    ['answers with no keys', (res) => void res.writeHead(200).end('{"keys":7}')],
    ['redirects', (res) => void res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['hangs up', (res) => void res.destroy()],
    ['never answers', () => {}],
  ])(verifies(['X.jwt'], 'an issuer that %s gives 503, never a way in, and then works again'), async (_name, answer) => {
    await using own = await Issuer.start();
    own.answer = answer;
    await using app = await startApp({ servers: SERVERS, auth: { jwt: { ...own.jwt, timeout: 300 }, failures: 3, open: ['metrics'] } });
    for (let n = 0; n < 5; n++) {
      const response = await post(await own.token(), '/mcp', app.url);
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    }
    expect(own.fetches).toBe(1);
    expect(await metric(app.url, 'mcp_auth_failures_total', 'reason="provider"')).toBe(5);
    own.answer = undefined;
    await until(async () => (await post(await own.token(), '/mcp', app.url)).status === 200, 3_000);
  });

  it('may be in a file', async () => {
    using folder = new TempFolder();
    const { jwksUrl: _url, ...jwt } = issuer.jwt;
    const jwksFile = folder.write('jwks.json', JSON.stringify({ keys: [...stranger.jwks.keys, ...issuer.jwks.keys] }));
    await using app = await startApp({ servers: SERVERS, auth: { jwt: { ...jwt, jwksFile } } });
    expect((await post(await issuer.token(), '/mcp', app.url)).status).toBe(200);
    expect((await post(await issuer.token({}, { kid: undefined }), '/mcp', app.url)).status).toBe(200);
    expect((await post(await issuer.token({}, { kid: 'unknown' }), '/mcp', app.url)).status).toBe(401);
    await expect(startApp({ servers: SERVERS, auth: { jwt: { ...jwt, jwksFile: folder.file('none') } } })).rejects.toThrow('ENOENT');
  });
});

describe('the metadata of the resource', () => {
  it(verifies(['X.jwt'], 'is there for everybody, where RFC 9728 says'), async () => {
    for (const path of ['', '/mcp', '/servers/one/mcp']) {
      const response = await fetch(`${hearth.url}/.well-known/oauth-protected-resource${path}`);
      expect([response.status, await response.json()]).toEqual([
        200,
        {
          resource: `${hearth.url}${path}`,
          authorization_servers: [issuer.url],
          bearer_methods_supported: ['header'],
          scopes_supported: ['mcp:tools', 'mcp:server:one', 'mcp:server:two', 'tools:echo', 'nothing'],
          resource_name: 'hearth',
        },
      ]);
    }
    expect((await fetch(`${hearth.url}/.well-known/oauth-protected-resource`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${hearth.url}/.well-known/oauth-protected-resource/status`)).status).toBe(401);
  });

  it('has the base URL of the config, and is not there without an issuer', async () => {
    const resource = 'https://tools.example.com/';
    await using app = await startApp({ servers: SERVERS, auth: { jwt: { ...issuer.jwt, resource } } });
    const body = (await (await fetch(`${app.url}/.well-known/oauth-protected-resource/mcp`)).json()) as Json;
    expect(body.resource).toBe('https://tools.example.com/mcp');
    await using none = await startApp({ servers: SERVERS });
    expect((await fetch(`${none.url}/.well-known/oauth-protected-resource`)).status).toBe(404);
  });
});

describe('the official clients with a bearer header', () => {
  type Way = readonly [string, (url: string, headers: Record<string, string>) => Promise<unknown>];
  const WAYS: readonly Way[] = [
    ['1.x over Streamable HTTP', (url, headers) => v1(new HttpV1(new URL(`${url}/mcp`), { requestInit: { headers } }) as never)],
    ['1.x over SSE', (url, headers) => v1(new SseV1(new URL(`${url}/sse`), { requestInit: { headers } }))],
    ['2.x over Streamable HTTP', (url, headers) => v2(new HttpV2(new URL(`${url}/mcp`), { requestInit: { headers } }))],
    ['2.x over SSE', (url, headers) => v2(new SseV2(new URL(`${url}/sse`), { requestInit: { headers } }))],
  ];

  async function v1(transport: SseV1): Promise<unknown> {
    const client = new ClientV1({ name: 'v1', version: '1' });
    await client.connect(transport);
    const result = await client.callTool({ name: 'one__echo', arguments: { text: 'hi' } });
    await client.close();
    return result.content;
  }
  async function v2(transport: HttpV2 | SseV2): Promise<unknown> {
    const client = new ClientV2({ name: 'v2', version: '1' });
    await client.connect(transport);
    const result = await client.callTool({ name: 'one__echo', arguments: { text: 'hi' } });
    await client.close();
    return result.content;
  }

  it.each(WAYS)(verifies(['X.auth', 'X.jwt'], '%s'), async (_name, call) => {
    for (const key of ['a-plain-key-beside', await issuer.token()]) expect(await call(hearth.url, bearer(key))).toMatchObject([{ text: 'hi' }]);
    await expect(call(hearth.url, bearer('wrong'))).rejects.toThrow();
  });
});
