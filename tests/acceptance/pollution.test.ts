import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/issues.js';
import { parseConfig } from '../../src/config/load.js';
import { bearer, type Keys, makeKeys } from '../auth/support.js';
import { fixture, type RunningApp, startApp, until } from '../support/app.js';
import { type Json, messagesOf, RawHttp } from '../support/raw-client.js';
import { RawSocket } from '../support/socket.js';
import { RawStateless } from '../support/stateless.js';
import { TempFolder } from '../support/temp.js';
import { received } from '../support/wire.js';
import { verifies } from './requirements.js';

/** As text: an object literal would set a prototype instead of having such a member. */
const KEYS = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"prototype":{"polluted":true}';
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__proto__.polluted', 'constructor.prototype.polluted'];
const BEFORE = namesOf(Object.prototype, Array.prototype, Function.prototype);

function namesOf(...objects: object[]): unknown[] {
  return objects.map((object) => Reflect.ownKeys(object).map(String).sort());
}

const folder = new TempFolder();
const journal = folder.file('journal');
let keys: Keys;
let hearth: RunningApp;
beforeAll(async () => {
  keys = await makeKeys(folder);
  const one = fixture('', { validate: true, denyTools: ['none'], env: { FIXTURE_JOURNAL: journal } });
  hearth = await startApp({ servers: { one, two: fixture() }, auth: { keysFile: keys.file, failures: 100_000 } });
  await until(() => hearth.app.servers.every(({ router }) => router.ready));
});
afterAll(async () => {
  await hearth.app.stop();
  folder[Symbol.dispose]();
});
afterEach(() => {
  expect(({} as Json).polluted).toBeUndefined();
  expect(namesOf(Object.prototype, Array.prototype, Function.prototype)).toEqual(BEFORE);
});

class Client extends RawHttp {
  override headers(extra: Record<string, string> = {}): Record<string, string> {
    return super.headers({ ...bearer(keys.right), ...extra });
  }
}

async function opened(path: string): Promise<Client> {
  const client = new Client(hearth.url + path);
  const params = `{"protocolVersion":"2025-11-25","capabilities":{${KEYS},"roots":{${KEYS}}},"clientInfo":{"name":"__proto__","version":"1",${KEYS}},${KEYS}}`;
  const response = await client.post(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":${params},${KEYS}}`);
  expect(response.status).toBe(200);
  client.session = response.headers.get('mcp-session-id') as string;
  expect((await messagesOf(response)).at(-1)).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  return client;
}

describe('keys that reach for prototypes', () => {
  it.each(['/mcp', '/servers/one/mcp'])(verifies(['X.input'], 'in bodies, params, arguments and _meta are data (%s)'), async (path) => {
    const client = await opened(path);
    const name = path === '/mcp' ? 'one__echo' : 'echo';
    const params = `{"name":"${name}","arguments":{"text":"hi","deep":[{${KEYS}}],${KEYS}},"_meta":{"progressToken":"__proto__",${KEYS}},${KEYS}}`;
    const reply = await messagesOf(await client.post(`{"jsonrpc":"2.0","id":"__proto__","method":"tools/call","params":${params},${KEYS}}`));
    expect(reply.at(-1)).toMatchObject({ id: '__proto__', result: { content: [{ text: 'hi' }] } });
    const args = (await received(journal, 'tools/call')).at(-1)?.params as { arguments: Json };
    expect(Object.keys(args.arguments)).toEqual(['text', 'deep', '__proto__', 'constructor', 'prototype']);
  });

  it.each(NAMES)(verifies(['X.input'], 'as names of methods, tools, prompts, resources, servers and sessions are unknown: %s'), async (name) => {
    const hub = await opened('/mcp');
    const bare = await opened('/servers/one/mcp');
    const modern = new RawStateless(`${hearth.url}/mcp`);
    for (const client of [hub, bare]) {
      for (const tool of [name, `one__${name}`, `${name}__echo`]) {
        expect((await client.request(1, 'tools/call', { name: tool, arguments: {} })).at(-1)).toMatchObject({ id: 1, error: { code: -32602 } });
      }
      expect((await client.request(2, name, {})).at(-1)).toMatchObject({ id: 2, error: { code: expect.any(Number) } });
      for (const [method, params] of [
        ['prompts/get', { name }],
        ['resources/read', { uri: name }],
        ['resources/subscribe', { uri: name }],
        ['logging/setLevel', { level: name }],
        ['completion/complete', { ref: { type: name, name }, argument: { name, value: name } }],
        ['tasks/get', { taskId: name }],
      ] as const) {
        expect((await client.request(3, method, params)).at(-1)).toMatchObject({ id: 3 });
      }
      for (const method of ['notifications/cancelled', 'notifications/progress', `notifications/${name}`]) {
        expect((await client.post({ jsonrpc: '2.0', method, params: { requestId: name, progressToken: name } })).status).toBe(202);
      }
      expect((await client.request(4, 'ping')).at(-1)).toMatchObject({ id: 4, result: {} });
    }
    expect((await modern.request(name, {}, { headers: bearer(keys.right) })).at(-1)).toMatchObject({ error: { code: -32601 } });
    expect((await modern.request('tools/call', { name }, { headers: bearer(keys.right) })).at(-1)).toMatchObject({ error: { code: -32602 } });
    const headers = bearer(keys.right);
    for (const path of [`/servers/${name}/mcp`, `/servers/${name}/reset`, `/${name}`]) {
      expect((await fetch(hearth.url + path, { method: 'POST', headers })).status).toBe(404);
    }
    for (const path of [`/messages?sessionId=${name}`, `/messages?${name}[polluted]=1`, `/mcp?${name}=1&${name}[x]=2`]) {
      const { status } = await fetch(hearth.url + path, { method: 'POST', headers: { ...headers, 'mcp-session-id': name, 'last-event-id': name } });
      expect([400, 404, 406, 415]).toContain(status);
    }
    const rest = { server_id: name, name, arguments: {} };
    const call = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(rest) };
    expect((await fetch(`${hearth.url}/mcp-rest/tools/call`, call)).status).toBe(404);
  });

  it(verifies(['X.input', 'X.auth'], 'as headers and keys open nothing'), async () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString']) {
      await using socket = new RawSocket(hearth.url);
      socket
        .read()
        .write(`GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${name}: polluted\r\nAuthorization: Bearer ${name}\r\n\r\n`);
      await until(() => socket.ended);
      expect(socket.status).toBe(401);
      await using right = new RawSocket(hearth.url);
      right.read().write(`GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${name}: x\r\nAuthorization: Bearer ${keys.right}\r\n\r\n`);
      await until(() => right.ended);
      expect(right.status).toBe(200);
    }
  });

  it.each([
    `{"servers":{"a":{"command":"x",${KEYS}}}}`,
    `{"servers":{"a":{"command":"x"},${KEYS}}}`,
    `{"servers":{"a":{"command":"x"}},${KEYS}}`,
    `{"servers":{"a":{"command":"x"}},"limits":{${KEYS}}}`,
    'servers: {a: {command: x}}\n__proto__: {polluted: true}\n',
    'servers: {a: {command: x}}\nbase: &b {__proto__: {polluted: true}}\n<<: *b\n',
  ])(verifies(['X.input'], 'in a config are refused or nothing: %s'), (text) => {
    let config: Json = {};
    try {
      config = parseConfig(text, 'hearth.yaml', {}).config as unknown as Json;
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
    }
    expect([config.polluted, (config.limits as Json | undefined)?.polluted]).toEqual([undefined, undefined]);
    expect(Object.getPrototypeOf(config)).toBe(Object.prototype);
  });
});
