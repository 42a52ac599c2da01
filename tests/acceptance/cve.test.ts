import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSessionUuid } from '../../src/session/session-id.js';
import { bearer, type Keys, makeKeys } from '../auth/support.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { initialize, type Json, messagesOf, RawHttp, textOf } from '../support/raw-client.js';
import { TempFolder } from '../support/temp.js';
import { received } from '../support/wire.js';
import { verifies } from './requirements.js';

const HERE = dirname(fileURLToPath(import.meta.url));
const folder = new TempFolder();
const journal = folder.file('journal');
const METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS'];
const PATHS = ['/mcp', '/sse', '/messages', '/servers/one/mcp', '/servers/one/sse', '/servers/one/messages', '/servers/one/reset'];
const PAGES = ['/status', '/metrics', '/health', '/v1/mcp/tools', '/mcp-rest/tools/call', '/', '/nothing'];
const PROBES = ['/health/live', '/healthz', '/health/ready', '/readyz', '/ready'];
const call = (id: unknown, name: string, args: Json): Json => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });

let keys: Keys;
let hearth: RunningApp;
beforeAll(async () => {
  keys = await makeKeys(folder);
  const one = fixture('', { env: { FIXTURE_JOURNAL: journal } });
  hearth = await startApp({ servers: { one }, auth: { keysFile: keys.file, failures: 100_000 } });
  await untilReady(hearth.url);
});
afterAll(async () => {
  await hearth.app.stop();
  folder[Symbol.dispose]();
});

/** The status alone; a stream is not read. */
async function statusOf(method: string, path: string, headers: Record<string, string>, body?: Json): Promise<number> {
  const accept = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
  const response = await fetch(hearth.url + path, { method, headers: { ...accept, ...headers }, ...(body && { body: JSON.stringify(body) }) });
  await response.body?.cancel();
  return response.status;
}

async function sessionOf(key: string): Promise<string> {
  const response = await new RawHttp(`${hearth.url}/mcp`).post(initialize(0), bearer(key));
  await response.text();
  return response.headers.get('mcp-session-id') as string;
}

it(verifies(['RULE1'], 'CVE-2026-25536: replies of a shared child reach the caller, whatever ids and however many at once'), async () => {
  const clients = await Promise.all([keys.right, keys.other, keys.right, keys.other].map(async (key) => ({ key, session: await sessionOf(key) })));
  const outcomes = await Promise.all(
    clients.flatMap(({ key, session }, who) =>
      Array.from({ length: 50 }, async (_, at) => {
        const client = new RawHttp(`${hearth.url}/mcp`);
        const text = `client ${who}, call ${at}`;
        const body = call(at % 2 === 0 ? at : String(at), 'sleep', { ms: (at * 7) % 23, text });
        const reply = (await messagesOf(await client.post(body, { ...bearer(key), 'mcp-session-id': session }))).at(-1);
        return reply?.id === body.id && textOf(reply) === text;
      }),
    ),
  );
  expect(outcomes.filter((isOwn) => !isOwn)).toEqual([]);
});

it(verifies(['X.sessions'], 'CVE-2026-33946: a stolen session id is of no use with another key, by any method'), async () => {
  const id = await sessionOf(keys.right);
  const stolen = { 'mcp-session-id': id };
  const body = (method: string): Json | undefined => (method === 'POST' ? call(1, 'echo', { text: 'stolen' }) : undefined);
  const by = async (headers: Record<string, string>): Promise<number[]> => {
    const statuses: number[] = [];
    for (const method of METHODS) statuses.push(await statusOf(method, '/mcp', { ...stolen, ...headers }, body(method)));
    return statuses;
  };
  expect(await by(bearer(keys.other))).toEqual([404, 404, 404, 405, 405, 405]);
  expect(new Set(await by(bearer(keys.scoped)))).toEqual(new Set([403]));
  for (const headers of [{}, bearer('made-up'), bearer(keys.revoked), bearer(keys.expired)])
    expect(new Set(await by(headers))).toEqual(new Set([401]));
  expect(await statusOf('GET', '/mcp', { ...stolen, ...bearer(keys.other), 'last-event-id': 'a-1' })).toBe(404);
  expect(await statusOf('POST', '/servers/one/mcp', { ...stolen, ...bearer(keys.other) }, body('POST'))).toBe(404);
  // As the id of a session of the other transport, too.
  expect(await statusOf('POST', `/messages?sessionId=${encodeURIComponent(id)}`, bearer(keys.other), body('POST'))).toBe(404);
  expect(await statusOf('POST', '/mcp', { ...stolen, ...bearer(keys.right) }, body('POST'))).toBe(200);
  expect((await received(journal, 'tools/call')).filter(({ params }) => JSON.stringify(params).includes('stolen'))).toHaveLength(1);
});

describe('CVE-2025-6515: session ids', () => {
  const COUNT = 10_000;
  /** The bits of a uuid that are random: version, variant, and the part that is bound to an owner are not. */
  const bitsOf = (uuid: string): string => {
    const hex = uuid.slice(0, -12).replaceAll('-', '');
    return [...hex.slice(0, 12), ...hex.slice(13)].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
  };

  it.each(['', 'a'.repeat(22)])(verifies(['X.sessions'], 'are unique, random in every bit and in no order (owner "%s")'), (owner) => {
    const uuids = Array.from({ length: COUNT }, () => newSessionUuid(owner));
    expect(new Set(uuids).size).toBe(COUNT);
    const bits = uuids.map(bitsOf);
    const width = bits[0]?.length ?? 0;
    const ones = Array.from({ length: width }, (_, at) => bits.filter((text) => text[at] === '1').length / COUNT);
    // Six standard deviations are 0.03. Two bits of the variant are fixed.
    expect(ones.filter((share) => Math.abs(share - 0.5) > 0.03)).toEqual([1, 0]);
    const changes = bits.slice(1).map((text, at) => [...text].filter((bit, place) => bit !== bits[at]?.[place]).length);
    const mean = changes.reduce((sum, count) => sum + count, 0) / changes.length;
    expect(Math.abs(mean - (width - 2) / 2)).toBeLessThan(0.5);
    const rising = uuids.slice(1).filter((uuid, at) => uuid > (uuids[at] as string)).length / COUNT;
    expect(Math.abs(rising - 0.5)).toBeLessThan(0.03);
  });

  it(verifies(['X.sessions'], 'of a running hearth are such uuids, and a neighbour of one opens nothing'), async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => sessionOf(keys.right)));
    expect(new Set(ids.map((id) => id.slice(0, 23))).size).toBe(50);
    for (const id of ids.slice(0, 10)) {
      const next = (Number.parseInt(id.slice(0, 8), 16) ^ 1).toString(16).padStart(8, '0');
      const near = { ...bearer(keys.right), 'mcp-session-id': next + id.slice(8) };
      expect(await statusOf('POST', '/mcp', near, call(1, 'echo', { text: 'near' }))).toBe(404);
    }
  });
});

describe('CVE-2025-66414 and CVE-2025-64443: a foreign page', () => {
  it.each([
    { host: 'evil.example' },
    { host: 'localhost.evil.example' },
    { host: 'localhost', origin: 'http://evil.example' },
    { host: 'localhost', origin: 'null' },
    { host: 'localhost', origin: 'http://localhost.evil.example' },
    { host: 'localhost', 'x-forwarded-host': 'localhost', origin: 'https://localhost@evil.example' },
  ])(verifies(['X.origin'], 'is refused on every route and method, with the right key too: %j'), async (headers) => {
    const { request } = await import('node:http');
    const ask = (method: string, path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request(hearth.url + path, { method, headers: { ...headers, ...bearer(keys.right) }, setHost: false }, (res) => {
          res.destroy();
          resolve(res.statusCode);
        });
        sent.on('error', reject).end();
      });
    const passed: string[] = [];
    for (const path of [...PATHS, ...PAGES, ...PROBES]) {
      for (const method of METHODS) {
        const status = await ask(method, path);
        if (status !== 403) passed.push(`${method} ${path}: ${status}`);
      }
    }
    expect(passed).toEqual([]);
  });
});

describe('CVE-2025-6514: commands', () => {
  const trap = folder.file('trap');
  const ATTACKS = [
    `; touch ${trap}`,
    `$(touch ${trap})`,
    `\`touch ${trap}\``,
    `| touch ${trap}`,
    `&& touch ${trap}`,
    `\n touch ${trap}\n`,
    `'"; touch ${trap} #`,
  ];

  it(verifies(['X.isolation'], 'in arguments of the config and of tools stay text'), async () => {
    const hostile = {
      command: process.execPath,
      args: [join(HERE, '..', 'fixtures', 'hostile.mjs'), ...ATTACKS],
      env: { SHELLED: ATTACKS.join('') },
    };
    const broken = { command: `${process.execPath} --version; touch ${trap}` };
    await using app = await startApp({ servers: { hostile, broken } });
    await until(() => app.app.servers[0]?.router.ready === true);
    const client = new RawHttp(`${app.url}/servers/hostile/mcp`);
    await client.open();
    expect(JSON.parse(await client.call(1, 'argv'))).toEqual(ATTACKS);
    for (const attack of ATTACKS)
      expect(JSON.parse(await client.call(2, 'echo', { text: attack, [attack]: attack }))).toMatchObject({ text: attack });
    for (const attack of ATTACKS) await client.request(3, attack, { name: attack, uri: attack });
    await fetch(`${app.url}/servers/${encodeURIComponent(ATTACKS[0] as string)}/mcp`);
    expect(existsSync(trap)).toBe(false);
  });

  it(verifies(['A.upstreams'], 'in what a remote server says are followed by nobody'), async () => {
    const url = `http://127.0.0.1:1/$(touch%20${trap})`;
    let asked = 0;
    const remote = createServer((_req, res) => {
      asked++;
      const challenge = `Bearer resource_metadata="${url}", authorization_uri="file:///bin/sh -c 'touch ${trap}'"`;
      res.writeHead(401, { 'www-authenticate': challenge, location: `a:$(touch ${trap})` }).end(JSON.stringify({ authorization_endpoint: url }));
    });
    await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve));
    const { port } = remote.address() as AddressInfo;
    await using _app = await startApp({ servers: { a: { url: `http://127.0.0.1:${port}/$(touch ${trap})`, backoffMin: 20 } } });
    await until(() => asked >= 2);
    remote.closeAllConnections();
    remote.close();
    expect(existsSync(trap)).toBe(false);
  });

  it(verifies(['X.isolation'], 'no source starts a program through a shell that sees text of others'), () => {
    const src = join(HERE, '..', '..', 'src');
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const found = files.filter((file) => {
      const text = readFileSync(join(src, file), 'utf8');
      const imported = [...text.matchAll(/import \{([^}]*)\} from 'node:child_process'/g)].flatMap(([, names = '']) => names.split(','));
      const starts = imported.map((name) => name.trim()).filter((name) => !name.startsWith('type '));
      // `spawn` takes a program and its arguments; it needs `shell` to do anything else.
      const isSpawn = starts.length === 0 || (starts.join() === 'spawn' && file.startsWith('process/'));
      const isKnown = isSpawn && text.split('node:child_process').length === text.split(/import \{[^}]*\} from 'node:child_process'/).length;
      return !isKnown || /(?<!#)\bshell: (?!false)|\bexec(?:File)?(?:Sync)?\(['"`]|\beval\(|new Function\(/.test(text);
    });
    expect(found).toEqual([]);
  });
});

describe('CVE-2025-49596: a proxy without authentication', () => {
  it(verifies(['X.auth'], 'does nothing for who has no key, once there is one'), async () => {
    const before = (await received(journal)).length;
    const passed: string[] = [];
    for (const path of [...PATHS, ...PAGES]) {
      for (const method of METHODS) {
        const status = await statusOf(method, path, {}, method === 'POST' ? call(1, 'echo', { text: 'without' }) : undefined);
        if (status !== 401) passed.push(`${method} ${path}: ${status}`);
      }
    }
    expect(passed).toEqual([]);
    expect((await received(journal)).slice(before).filter(({ method }) => method !== 'ping')).toEqual([]);
  });

  it(verifies(['X.origin'], 'listens to this machine alone unless it is told otherwise'), async () => {
    const { configSchema } = await import('../../src/config/schema.js');
    expect(configSchema.parse({ servers: { a: fixture() } }).listen.host).toBe('127.0.0.1');
  });
});
