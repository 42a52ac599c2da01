import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressKey } from '../../src/auth/address.js';
import { principalFrom, type Scope } from '../../src/auth/scope.js';
import { matches } from '../../src/protocol/wildcard.js';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { type Json, RawHttp } from '../support/raw-client.js';
import { RawStateless } from '../support/stateless.js';
import { TempFolder } from '../support/temp.js';
import { received } from '../support/wire.js';
import { bearer } from './support.js';

type Name = 'all' | 'one' | 'echo' | 'both' | 'none';

const KEYS: Readonly<Record<Name, { key: string; servers?: string[]; tools?: string[] }>> = {
  all: { key: 'key-for-everything-0' },
  one: { key: 'key-for-server-one-0', servers: ['one'] },
  echo: { key: 'key-for-the-echoes-0', tools: ['*__echo', 'one__p*d'] },
  both: { key: 'key-for-one-and-echo', servers: ['one'], tools: ['*__echo'] },
  none: { key: 'key-for-nobody-at-all', servers: ['gone'] },
};

const folder = new TempFolder();
const journals = { one: folder.file('one'), two: folder.file('two') };
let hearth: RunningApp;
beforeAll(async () => {
  const keys = Object.entries(KEYS).map(([name, key]) => ({ ...key, name }));
  hearth = await startApp({ servers: { one: journaled('one'), two: journaled('two') }, auth: { keys } });
  await untilReady(hearth.url);
});
afterAll(async () => {
  await hearth.app.stop();
  folder[Symbol.dispose]();
});

function journaled(name: keyof typeof journals): ReturnType<typeof fixture> {
  return fixture('', { env: { FIXTURE_JOURNAL: journals[name] } });
}

class Keyed extends RawHttp {
  constructor(
    path: string,
    private readonly name: Name,
  ) {
    super(hearth.url + path);
  }

  override headers(extra: Record<string, string> = {}): Record<string, string> {
    return super.headers({ ...bearer(KEYS[this.name].key), ...extra });
  }

  async reply(method: string, params: Json = {}): Promise<{ result?: Json; error?: Json }> {
    return (await this.request(1, method, params)).at(-1) as { result?: Json; error?: Json };
  }

  async names(method: string, kind: string, key = 'name'): Promise<string[]> {
    const { result } = await this.reply(method);
    return ((result as Json)[kind] as Json[]).map((entry) => entry[key] as string);
  }
}

async function client(name: Name, path = '/mcp'): Promise<Keyed> {
  const made = new Keyed(path, name);
  await made.open();
  return made;
}

const serversOf = (names: readonly string[]): string[] => [...new Set(names.map((name) => name.split('__')[0] as string))].sort();

describe('in a hub', () => {
  it(verifies(['X.scope'], 'a key sees the tools, prompts and resources of its servers only'), async () => {
    const [all, one, none] = [await client('all'), await client('one'), await client('none')];
    expect(serversOf(await all.names('tools/list', 'tools'))).toEqual(['one', 'two']);
    expect(serversOf(await one.names('tools/list', 'tools'))).toEqual(['one']);
    expect(serversOf(await one.names('prompts/list', 'prompts'))).toEqual(['one']);
    expect((await all.names('resources/list', 'resources', 'uri')).length).toBeGreaterThan(
      (await one.names('resources/list', 'resources', 'uri')).length,
    );
    for (const kind of ['tools', 'prompts', 'resources']) expect(await none.names(`${kind}/list`, kind)).toEqual([]);
  });

  it(verifies(['X.scope'], 'what is out of scope is unknown, and nothing is said of its server'), async () => {
    const [one, none] = [await client('one'), await client('none')];
    expect(await one.call(1, 'one__echo', { text: 'hi' })).toBe('hi');
    const refused = [
      await one.reply('tools/call', { name: 'two__echo', arguments: { text: 'hi' } }),
      await one.reply('prompts/get', { name: 'two__greet' }),
      await none.reply('resources/read', { uri: 'fixture://one' }),
      await none.reply('resources/subscribe', { uri: 'two+fixture://one' }),
      await none.reply('tools/call', { name: 'one__echo', arguments: { text: 'hi' } }),
      await one.reply('completion/complete', { ref: { type: 'ref/prompt', name: 'two__greet' }, argument: { name: 'a', value: '' } }),
    ];
    for (const { error } of refused) {
      expect(error?.code).toBe(-32602);
      expect(error?.message).toMatch(/^Unknown (?:tool|prompt|resource)/);
      expect(error?.message).not.toMatch(/servers:.*two/);
    }
    expect((await one.reply('resources/read', { uri: 'fixture://one' })).result).toBeDefined();
  });

  it(verifies(['X.scope'], 'notifications reach the servers of a key only, and no request passes for one'), async () => {
    const one = await client('one');
    for (const method of ['tools/call', 'resources/subscribe', 'logging/setLevel']) {
      const response = await one.post({ jsonrpc: '2.0', method, params: { name: 'two__echo', arguments: {} } });
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('needs an \\"id\\"')]);
    }
    expect((await one.post({ jsonrpc: '2.0', method: 'notifications/of/mine' })).status).toBe(202);
    await until(async () => (await received(journals.one, 'notifications/of/mine')).length === 1);
    await (await client('all')).call(1, 'two__echo', { text: 'after it' });
    expect(await received(journals.two, 'notifications/of/mine')).toEqual([]);
    expect(await received(journals.one, 'logging/setLevel')).toEqual([]);
  });

  it(verifies(['X.scope'], 'patterns go over the names that clients see'), async () => {
    const echo = await client('echo');
    expect((await echo.names('tools/list', 'tools')).sort()).toEqual(['one__echo', 'one__pid', 'two__echo']);
    expect(await echo.call(1, 'two__echo', { text: 'hi' })).toBe('hi');
    expect((await echo.reply('tools/call', { name: 'two__pid', arguments: {} })).error?.code).toBe(-32602);
    const both = await client('both');
    expect(await both.names('tools/list', 'tools')).toEqual(['one__echo']);
    expect((await both.reply('tools/call', { name: 'two__echo', arguments: {} })).error).toBeDefined();
  });

  it(verifies(['X.scope'], 'the same holds for 2026-07-28'), async () => {
    const modern = new RawStateless(`${hearth.url}/mcp`);
    const headers = bearer(KEYS.echo.key);
    const listed = await modern.result('tools/list', {}, { headers });
    expect((listed.tools as Json[]).map(({ name }) => name).sort()).toEqual(['one__echo', 'one__pid', 'two__echo']);
    await expect(modern.call('two__pid', {}, { headers })).rejects.toThrow('Unknown tool');
    expect((await modern.call('one__echo', { text: 'hi' }, { headers })).isError).not.toBe(true);
  });
});

describe('one server bare', () => {
  it(verifies(['X.scope'], 'patterns fit bare names and those of the hub'), async () => {
    const echo = await client('echo', '/servers/one/mcp');
    expect((await echo.names('tools/list', 'tools')).sort()).toEqual(['echo', 'pid']);
    expect(await echo.call(1, 'echo', { text: 'hi' })).toBe('hi');
    expect((await echo.reply('tools/call', { name: 'log', arguments: {} })).error?.code).toBe(-32602);
    const two = await client('echo', '/servers/two/mcp');
    expect(await two.names('tools/list', 'tools')).toEqual(['echo']);
  });

  it('a server out of scope is 403, which a wrapper is too', async () => {
    const response = await new Keyed('/servers/two/mcp', 'one').post({ jsonrpc: '2.0', id: 1, method: 'ping' });
    expect(response.status).toBe(403);
    await using wrapper = await startApp({ servers: { single: fixture() }, auth: { keys: [{ ...KEYS.one, servers: ['one'] }] } });
    expect((await fetch(`${wrapper.url}/sse`, { headers: bearer(KEYS.one.key) })).status).toBe(403);
  });
});

describe('a pattern', () => {
  it('means what the same regular expression means', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '_', '*'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const expression = new RegExp(`^${pattern.split('*').join('.*')}$`);
        expect(matches(pattern, name)).toBe(expression.test(name));
      }),
      { numRuns: 5_000 },
    );
  });

  it('does not backtrack', () => {
    const from = performance.now();
    expect(matches(`${'*a'.repeat(2_000)}b`, 'a'.repeat(20_000))).toBe(false);
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});

it('a tool of a hub needs its server, whatever patterns say', () => {
  const may = (scope: Scope, tool: string, server?: string): boolean =>
    principalFrom({ id: 'x', name: 'x', scopes: () => [scope], isValid: () => true })
      .at(server)
      .mayCall(tool);
  expect(may({ servers: ['a'], tools: ['*'] }, 'b__x')).toBe(false);
  expect(may({ servers: ['a'] }, 'a__b__x')).toBe(true);
  expect(may({ servers: ['a'] }, 'nameless')).toBe(false);
  expect(may({ servers: ['a'] }, 'b__x', 'a')).toBe(true);
  expect(may({ tools: ['b__x'] }, 'x', 'b')).toBe(true);
  expect(may({ tools: ['b__x'] }, 'x', 'a')).toBe(false);
});

it('an address counts once in whatever form, and IPv6 by its network', () => {
  expect(addressKey('::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(addressKey('2001:db8:1:2::1')).toBe('2001:db8:1:2::/64');
  expect(addressKey('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(addressKey('::1')).toBe('0:0:0:0::/64');
  expect(addressKey('')).toBe('');
});
