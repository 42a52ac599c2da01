import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { Authenticator } from '../../src/auth/authenticator.js';
import { KeyAdmin } from '../../src/auth/key-admin.js';
import { readKeyFile, writeKeyFile } from '../../src/auth/key-file.js';
import { hashSecret, matchesHash } from '../../src/auth/scrypt.js';
import { VerifiedKeys } from '../../src/auth/verified.js';
import { silentLog } from '../../src/telemetry/log.js';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { recordedLog } from '../support/log.js';
import { initialize, RawHttp } from '../support/raw-client.js';
import { TempFolder } from '../support/temp.js';
import { metric } from '../support/wire.js';
import { bearer, makeKeys } from './support.js';

const SERVERS = { one: fixture() };
const folders: TempFolder[] = [];
const temp = (): TempFolder => {
  const folder = new TempFolder();
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) folder[Symbol.dispose]();
});

const NO_LIMITS = { servers: undefined, tools: undefined, lifetime: undefined };
const status = async (url: string, key: string): Promise<number> => (await fetch(`${url}/status`, { headers: bearer(key) })).status;

describe('a keys file', () => {
  it('holds no key, is for its owner alone, and is written whole', async () => {
    const file = temp().file('keys.json');
    const admin = new KeyAdmin(file);
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((name) => admin.add({ name, ...NO_LIMITS })));
    const text = readFileSync(file, 'utf8');
    for (const key of made) expect(text).not.toContain(key.slice(key.indexOf('_', 3) + 1));
    expect(readKeyFile(file).map(({ name }) => name)).toEqual(expect.arrayContaining(['a', 'b', 'c', 'd']));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o644);
    await admin.revoke('a');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect([existsSync(`${file}.lock`), existsSync(`${file}.${process.pid}.tmp`)]).toEqual([false, false]);
    await expect(admin.add({ name: 'b', ...NO_LIMITS })).rejects.toThrow('already');
    await expect(admin.revoke('a')).rejects.toThrow('no key "a"; there are: ');
  });

  it('that is damaged is said so', () => {
    const folder = temp();
    const read = (text: string) => () => readKeyFile(folder.write('keys.json', text));
    expect(read('{')).toThrow('is not JSON');
    expect(read('{"version":2,"keys":[]}')).toThrow('version');
    expect(read('{"version":1,"keys":[{"name":"a"}]}')).toThrow('keys.0.');
    expect(() => writeKeyFile(folder.file('no/such/folder'), [])).toThrow('ENOENT');
  });

  it('that cannot be read at the start ends it', async () => {
    const folder = temp();
    const auth = { keysFile: folder.file('none.json') };
    await expect(startApp({ servers: SERVERS, auth })).rejects.toThrow(/auth: a file of keys cannot be used: ENOENT/);
    await expect(startApp({ servers: SERVERS, auth: { apiKeyFile: folder.file('none') } })).rejects.toThrow('ENOENT');
  });
});

describe('keys that change', () => {
  it(verifies(['X.auth'], 'a new key works, and a revoked one does not, within a second and without a restart'), async () => {
    const keys = await makeKeys(temp());
    const { log, records } = recordedLog();
    await using hearth = await startApp({ servers: SERVERS, auth: { keysFile: keys.file, failures: 1_000 } }, log);
    expect(await status(hearth.url, keys.right)).toBe(200);
    const late = await keys.admin.add({ name: 'late', ...NO_LIMITS });
    await until(async () => (await status(hearth.url, late)) === 200, 2_000);
    await keys.admin.revoke('right');
    await until(async () => (await status(hearth.url, keys.right)) === 401, 2_000);
    expect(await status(hearth.url, keys.other)).toBe(200);
    expect(records.filter(({ event }) => event === 'keys_reloaded').length).toBeGreaterThan(1);
    expect(JSON.stringify(records)).not.toContain(keys.right);
  });

  it(verifies(['X.auth', 'X.sessions'], 'sessions and streams of a revoked or expired key end'), async () => {
    const keys = await makeKeys(temp());
    const brief = await keys.admin.add({ name: 'brief', ...NO_LIMITS, lifetime: 2_500 });
    await using hearth = await startApp({ servers: SERVERS, auth: { keysFile: keys.file } });
    await untilReady(hearth.url);
    const streams = await Promise.all([keys.right, brief].map((key) => fetch(`${hearth.url}/sse`, { headers: bearer(key) })));
    const client = new RawHttp(`${hearth.url}/mcp`);
    expect((await client.post(initialize(0), bearer(keys.right))).status).toBe(200);
    expect(hearth.app.sessions.size).toBe(3);
    await keys.admin.revoke('right');
    await until(() => hearth.app.sessions.size === 1, 3_000);
    await until(() => hearth.app.sessions.size === 0, 4_000);
    for (const stream of streams) expect(await stream.text()).toContain('endpoint');
    expect(await status(hearth.url, brief)).toBe(401);
  });

  it(verifies(['X.auth'], 'a rotated key: the new one works at once, the old one for its grace, and the session goes on'), async () => {
    const keys = await makeKeys(temp());
    await using hearth = await startApp({ servers: SERVERS, auth: { keysFile: keys.file, failures: 1_000 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    client.session = (await client.post(initialize(0), bearer(keys.right))).headers.get('mcp-session-id') ?? undefined;
    const rotated = await keys.admin.rotate('right', 2_000);
    await until(async () => (await status(hearth.url, rotated)) === 200, 2_000);
    expect(await status(hearth.url, keys.right)).toBe(200);
    expect((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, bearer(rotated))).status).toBe(200);
    await until(async () => (await status(hearth.url, keys.right)) === 401, 4_000);
    expect(await status(hearth.url, rotated)).toBe(200);
    const again = await keys.admin.rotate('right', 0);
    await until(async () => (await status(hearth.url, again)) === 200, 2_000);
    expect(await status(hearth.url, rotated)).toBe(401);
  });

  it('a file that is damaged meanwhile changes nothing, and is said once', async () => {
    const keys = await makeKeys(temp());
    const { log, records } = recordedLog();
    await using hearth = await startApp({ servers: SERVERS, auth: { keysFile: keys.file } }, log);
    writeFileSync(keys.file, '{"version":1,"keys":[{"na');
    await until(() => records.some(({ event }) => event === 'keys_not_reloaded'), 3_000);
    expect(await status(hearth.url, keys.right)).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(records.filter(({ event }) => event === 'keys_not_reloaded')).toHaveLength(1);
  });

  it(verifies(['X.auth'], 'plain keys of a file: comments and blank lines are none, and changes hold without a restart'), async () => {
    const folder = temp();
    const file = folder.write('keys.txt', '\uFEFF# ours\r\n\r\n  first-key-0123456789  \r\n#commented-0123456789\nsecond-key-0123456789\nshort\n');
    const { log, records } = recordedLog();
    await using hearth = await startApp({ servers: SERVERS, auth: { apiKeyFile: file, failures: 1_000 } }, log);
    const statuses = (...some: string[]): Promise<number[]> => Promise.all(some.map((key) => status(hearth.url, key)));
    const all = ['first-key-0123456789', 'second-key-0123456789', '#commented-0123456789', 'commented-0123456789', 'third-key-0123456789'];
    expect(await statuses(...all)).toEqual([200, 200, 401, 401, 401]);
    expect(records.find(({ event }) => event === 'weak_keys')).toBeDefined();
    writeFileSync(file, 'third-key-0123456789\nfirst-key-0123456789\n');
    await until(async () => (await status(hearth.url, 'third-key-0123456789')) === 200, 2_000);
    expect(await statuses(...all)).toEqual([200, 401, 401, 401, 200]);
    writeFileSync(file, '');
    await until(async () => (await status(hearth.url, 'first-key-0123456789')) === 401, 2_000);
  });

  it('keys of the config itself have names, times and scopes', async () => {
    const past = '2020-01-01T00:00:00+02:00';
    const keys = [
      'plain-in-the-config',
      { key: 'expired-in-the-config', expires: past },
      { key: 'scoped-in-the-config', servers: ['other'], name: 'scoped' },
    ];
    const { log, records } = recordedLog();
    await using hearth = await startApp({ servers: SERVERS, auth: { keys } }, log);
    expect(await status(hearth.url, 'plain-in-the-config')).toBe(200);
    expect(await status(hearth.url, 'expired-in-the-config')).toBe(401);
    expect((await fetch(`${hearth.url}/mcp`, { headers: bearer('scoped-in-the-config') })).status).toBe(403);
    expect(records.filter(({ event }) => event === 'auth_failed')).toMatchObject([
      { reason: 'expired' },
      { reason: 'insufficient_scope', principal: 'scoped' },
    ]);
    expect(JSON.stringify(records)).not.toContain('-in-the-config');
  });

  it('are named in the records of requests and sessions', async () => {
    const { log, records } = recordedLog('debug');
    await using hearth = await startApp({ servers: SERVERS, auth: { keys: [{ key: 'key-of-somebody-here', name: 'somebody' }] } }, log);
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    client.session = (await client.post(initialize(0), bearer('key-of-somebody-here'))).headers.get('mcp-session-id') ?? '';
    await (
      await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {} } }, bearer('key-of-somebody-here'))
    ).text();
    for (const event of ['session_opened', 'request']) expect(records.find((record) => record.event === event)?.principal).toBe('somebody');
  });

  it('an empty list of keys is a lock without a key', async () => {
    await using hearth = await startApp({ servers: SERVERS, auth: { keys: [] } });
    expect(await status(hearth.url, 'anything')).toBe(401);
    expect((await fetch(`${hearth.url}/mcp`)).status).toBe(401);
  });

  it('a header that carries keys of hearth cannot be handed to a server too', async () => {
    const servers = { one: fixture('', { credentials: { TOKEN: 'Authorization' } }) };
    await expect(startApp({ servers, auth: { keys: ['k'] } })).rejects.toThrow('servers.one.credentials.TOKEN: the header Authorization');
  });
});

describe('wrong keys', () => {
  it(verifies(['X.rate'], 'are limited per address, while what has worked goes on working'), async () => {
    const keys = await makeKeys(temp());
    const { log, records } = recordedLog('debug');
    await using hearth = await startApp({ servers: SERVERS, auth: { keysFile: keys.file, failures: 5, open: ['metrics'] } }, log);
    expect(await status(hearth.url, keys.right)).toBe(200);
    const statuses = await Promise.all(Array.from({ length: 20 }, (_, n) => status(hearth.url, `guess-${n}`)));
    expect(statuses.filter((code) => code === 401)).toHaveLength(5);
    expect(statuses.filter((code) => code === 429)).toHaveLength(15);
    const limited = await fetch(`${hearth.url}/status`, { headers: bearer(keys.other) });
    expect([limited.status, Number(limited.headers.get('retry-after')) > 1]).toEqual([429, true]);
    expect(((await limited.json()) as { error: { code: number } }).error.code).toBe(-32017);
    expect(await status(hearth.url, keys.right)).toBe(200);
    expect((await fetch(`${hearth.url}/status`)).status).toBe(401);
    expect(await metric(hearth.url, 'mcp_auth_failures_total', 'reason="invalid"')).toBe(5);
    expect(await metric(hearth.url, 'mcp_auth_failures_total', 'reason="limited"')).toBe(16);
    expect(records.filter(({ event, level }) => event === 'auth_failed' && level === 'warn')).toHaveLength(5);
    expect(JSON.stringify(records)).not.toContain('guess-');
  });
});

describe('a burst of right keys', () => {
  it('is not taken for guesses, and wrong ones among them are counted exactly', async () => {
    const right = Array.from({ length: 30 }, (_, n) => `right-key-number-${n}`);
    await using hearth = await startApp({ servers: SERVERS, auth: { keys: right, failures: 3 } });
    expect(await Promise.all([...right, ...right].map((key) => status(hearth.url, key)))).toEqual(Array(60).fill(200));
    const mixed = await Promise.all(Array.from({ length: 40 }, (_, n) => status(hearth.url, n % 2 === 0 ? `wrong-${n}` : (right[n % 30] as string))));
    expect(mixed.filter((code) => code === 200)).toHaveLength(20);
    expect(mixed.filter((code) => code === 401)).toHaveLength(3);
    expect(mixed.filter((code) => code === 429)).toHaveLength(17);
  });
});

describe('the cache of keys that were right', () => {
  it('knows a key only against the very hash that it was checked against', async () => {
    const [one, other] = [await hashSecret('key'), await hashSecret('key')];
    const cache = new VerifiedKeys();
    expect(cache.knows('digest', one)).toBe(false);
    expect(await Promise.all([cache.check('digest', 'key', one), cache.check('digest', 'key', one)])).toEqual([true, true]);
    expect([cache.knows('digest', one), cache.knows('digest', other), cache.knows('another', one)]).toEqual([true, false, false]);
    expect(await cache.check('wrong', 'wrong', one)).toBe(false);
    expect(cache.knows('wrong', one)).toBe(false);
    cache.clear();
    expect(cache.knows('digest', one)).toBe(false);
  });

  it('does not let a thousand wrong keys take every thread', async () => {
    const hash = await hashSecret('key');
    const cache = new VerifiedKeys();
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, (_, n) => cache.check(`d${n}`, 'wrong', hash)));
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failed).toHaveLength(100 - 66);
    expect(failed[0]?.reason).toMatchObject({ code: 'overloaded' });
    expect(await cache.check('right', 'key', hash)).toBe(true);
  });

  it('scrypt runs once for a key, and again when its hash has changed', async () => {
    const keys = await makeKeys(temp());
    const auth = new Authenticator({ keys: [], keysFile: keys.file, failures: 10, failureWindow: 60_000 }, silentLog);
    const req = { rawHeaders: ['Authorization', `Bearer ${keys.right}`], socket: { remoteAddress: '::1' } } as never;
    const timed = async (): Promise<number> => {
      const from = performance.now();
      await auth.authenticate(req);
      return performance.now() - from;
    };
    const [first, second] = [await timed(), await timed()];
    expect(first).toBeGreaterThan(10 * second);
  });

  it('a hash of another length matches nothing', async () => {
    const hash = await hashSecret('key');
    expect(await matchesHash('key', { ...hash, hash: hash.hash.slice(0, 20) })).toBe(false);
  });
});
