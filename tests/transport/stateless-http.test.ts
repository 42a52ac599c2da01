import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, untilReady } from '../support/app.js';
import { type Json, messagesOf, RawHttp } from '../support/raw-client.js';
import { MODERN, RawStateless, VERSION } from '../support/stateless.js';
import { metric } from '../support/wire.js';

const META = 'io.modelcontextprotocol';
const errorOf = async (response: Response): Promise<Json> => (await messagesOf(response)).at(-1)?.error as Json;

describe('a POST of revision 2026-07-28', () => {
  it(verifies(['W8.client'], 'is answered without a session, on a warm child of the earlier era'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawStateless(`${hearth.url}/mcp`);
    const response = await client.post('tools/call', { name: 'echo', arguments: { text: 'hello' } }, {}, '9007199254740993');
    expect([response.status, response.headers.get('mcp-session-id')]).toEqual([200, null]);
    expect(await messagesOf(response)).toEqual([
      { jsonrpc: '2.0', id: '9007199254740993', result: { resultType: 'complete', content: [{ type: 'text', text: 'hello' }] } },
    ]);
    expect(hearth.app.sessions.size).toBe(0);
  });

  it(verifies(['W8.translate'], 'gets hints for caches with lists and reads, and an identity from discovery'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawStateless(`${hearth.url}/mcp`);
    const hints = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
    expect(await client.result('tools/list')).toMatchObject(hints);
    expect(await client.result('resources/read', { uri: 'fixture://one' })).toMatchObject(hints);
    expect(await client.result('prompts/get', { name: 'greet' })).not.toHaveProperty('ttlMs');
    expect(await client.result('server/discover')).toMatchObject({
      ...hints,
      supportedVersions: [VERSION],
      capabilities: { tools: { listChanged: true }, logging: {} },
      instructions: 'Be kind.',
      _meta: { [`${META}/serverInfo`]: { name: 'fixture', version: '1.0.0' } },
    });
  });

  it.each([
    ['no envelope', { params: {} }, {}, 400, -32602],
    ['no capabilities', { params: { _meta: { [`${META}/protocolVersion`]: VERSION } } }, {}, 400, -32602],
    ['no version in the envelope', { params: { _meta: { [`${META}/clientCapabilities`]: {} } } }, {}, 400, -32602],
    ['a malformed envelope', { meta: { [`${META}/clientCapabilities`]: [] } }, {}, 400, -32602],
    ['malformed client information', { meta: { [`${META}/clientInfo`]: 'me' } }, {}, 400, -32602],
    ['a malformed log level', { meta: { [`${META}/logLevel`]: 3 } }, {}, 400, -32602],
    ['a version that disagrees with the header', {}, { 'mcp-protocol-version': '2099-01-01' }, 400, -32020],
    ['an unknown version', { meta: { [`${META}/protocolVersion`]: 'v9' } }, { 'mcp-protocol-version': 'v9' }, 400, -32022],
    ['a revision with a handshake', { meta: { [`${META}/protocolVersion`]: '2025-11-25' } }, { 'mcp-protocol-version': '2025-11-25' }, 400, -32022],
    ['no version header', {}, { 'mcp-protocol-version': undefined }, 400, -32020],
    ['no method header', {}, { 'mcp-method': undefined }, 400, -32020],
    ['another method in the header', {}, { 'mcp-method': 'prompts/list' }, 400, -32020],
    ['the method in capitals', {}, { 'mcp-method': 'TOOLS/LIST' }, 400, -32020],
    ['an unknown method', { method: 'unknown/method' }, { 'mcp-method': 'unknown/method' }, 404, -32601],
    ['initialize', { method: 'initialize' }, { 'mcp-method': 'initialize' }, 404, -32601],
    ['ping', { method: 'ping' }, { 'mcp-method': 'ping' }, 404, -32601],
  ] as const)('with %s is refused', async (_what, change: Json, headers: Readonly<Record<string, string | undefined>>, status, code) => {
    const { url } = await shared();
    const { meta, ...rest } = change as { meta?: Json };
    const body = { jsonrpc: '2.0', id: 'a', method: 'tools/list', params: { _meta: { ...MODERN, ...meta } }, ...rest };
    const all = { 'mcp-protocol-version': VERSION, 'mcp-method': 'tools/list', ...headers };
    const given = Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
    const response = await new RawHttp(`${url}/mcp`).post(body, given);
    const [message] = await messagesOf(response);
    expect([response.status, message]).toEqual([status, { jsonrpc: '2.0', id: 'a', error: expect.objectContaining({ code }) }]);
  });

  it('names what is supported when the version is not', async () => {
    const { url } = await shared();
    const meta = { [`${META}/protocolVersion`]: 'v9' };
    const error = await errorOf(await new RawStateless(`${url}/mcp`).post('tools/list', {}, { meta, headers: { 'MCP-Protocol-Version': 'v9' } }));
    expect(error.data).toMatchObject({ supported: [VERSION], requested: 'v9' });
  });

  it.each([
    ['name', 'tools/call', { name: 'echo', arguments: { text: 'x' } }],
    ['uri', 'resources/read', { uri: 'fixture://one' }],
  ])(verifies(['W8.headers'], 'repeats its %s in a header, also in Base64'), async (_key, method, params) => {
    const { url } = await shared();
    const client = new RawStateless(`${url}/mcp`);
    const name = Object.values(params)[0] as string;
    const status = async (header: string): Promise<number> => (await client.post(method, params, { headers: { 'Mcp-Name': header } })).status;
    expect(await status(`  ${name} `)).toBe(200);
    expect(await status(`=?base64?${Buffer.from(name).toString('base64')}?=`)).toBe(200);
    expect([await status('other'), await status('=?base64?!!!?='), await status('=?base64?//8=?='), await status('')]).toEqual([400, 400, 400, 400]);
  });

  it('of a notification is accepted, and nothing comes of it', async () => {
    const { url } = await shared();
    const response = await new RawHttp(`${url}/mcp`).post({ jsonrpc: '2.0', method: 'notifications/custom' }, { 'MCP-Protocol-Version': VERSION });
    expect([response.status, await response.text()]).toEqual([202, '']);
  });

  it.each(['GET', 'DELETE', 'PUT'])('is not a %s', async (method) => {
    const { url } = await shared();
    const response = await fetch(`${url}/mcp`, { method, headers: { accept: 'text/event-stream', 'MCP-Protocol-Version': VERSION } });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it(verifies(['W8.stateless'], 'takes no child and no session: 1,000 of them leave nothing'), async () => {
    const { url, app } = await shared();
    const client = new RawStateless(`${url}/mcp`);
    const pid = await client.call('pid');
    for (let round = 0; round < 50; round++) {
      const all = await Promise.all(Array.from({ length: 20 }, (_, n) => client.call('echo', { text: `${round}-${n}` })));
      expect(all.map(({ content }) => (content as Json[])[0]?.text)).toEqual(Array.from({ length: 20 }, (_, n) => `${round}-${n}`));
    }
    expect([app.sessions.size, app.stateless.listens, app.stateless.parked, app.busy]).toEqual([0, 0, 0, false]);
    expect(await client.call('pid')).toEqual(pid);
    expect(app.servers[0]?.router.pids()).toHaveLength(1);
    expect(await metric(url, 'chat_sessions_active')).toBe(0);
  });
});

/** One hearth for all tests that do not change it. */
const running = startApp({ servers: { fixture: fixture() } }).then(async (hearth) => {
  await untilReady(hearth.url);
  return hearth;
});
const shared = () => running;
