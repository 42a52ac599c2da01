import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArgumentCheck } from '../../src/admission/argument-check.js';
import { ToolRules } from '../../src/admission/tool-rules.js';
import { matches } from '../../src/protocol/wildcard.js';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, untilReady } from '../support/app.js';
import { type Json, RawHttp } from '../support/raw-client.js';
import { RawStateless } from '../support/stateless.js';

const NONE = { allowTools: undefined, denyTools: [], readOnly: false };
const tool = (name: string, rest: Json = {}): Json => ({ name, inputSchema: { type: 'object' }, ...rest });

describe('patterns of tools', () => {
  it.each([
    [['echo'], 'echo', true],
    [['echo'], 'echo2', false],
    [['e*o'], 'echo', true],
    [['*'], 'anything\nat all', true],
    [['a.c'], 'abc', false],
    [['read_*', 'list_*'], 'list_files', true],
    [['**x'], 'yyx', true],
    [[], 'a', false],
  ])('%j and %s: %s', (patterns, name, expected) => {
    expect(patterns.some((pattern) => matches(pattern, name))).toBe(expected);
  });

  it('a name without stars matches itself and nothing else', () => {
    const names = fc.string().filter((name) => !name.includes('*'));
    fc.assert(fc.property(names, names, (one, other) => matches(one, other) === (one === other)));
  });
});

it('a pattern with many stars is no more work than its text is long', () => {
  const started = performance.now();
  expect(matches('*a*a*a*a*a*a*b', 'a'.repeat(1_000_000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(1_000);
});

describe('rules for tools', () => {
  it('deny what is denied also if it is allowed, and without rules admit all', () => {
    const rules = new ToolRules('s', { ...NONE, allowTools: ['a*'], denyTools: ['ab'] });
    expect(['aa', 'ab', 'b'].map((name) => rules.admits(tool(name)))).toEqual([true, false, false]);
    expect([new ToolRules('s', NONE).active, new ToolRules('s', NONE).admits(tool('x'))]).toEqual([false, true]);
  });

  it('read-only admits what says so itself, and nothing that is unknown', () => {
    const rules = new ToolRules('s', { ...NONE, readOnly: true });
    const harmless = tool('a', { annotations: { readOnlyHint: true } });
    expect([rules.admits(harmless), rules.admits(tool('a')), rules.admits(tool('a', { annotations: { readOnlyHint: 'true' } }))]).toEqual([
      true,
      false,
      false,
    ]);
    expect([rules.refusal('a', harmless), rules.refusal('a', undefined)?.message]).toEqual([undefined, expect.stringContaining('readOnly')]);
  });
});

describe('arguments', () => {
  const unusable: string[] = [];
  const check = new ArgumentCheck('s', (name, why) => unusable.push(`${name}: ${why}`));
  const refusal = async (inputSchema: unknown, args: unknown): Promise<string | undefined> => {
    const called = tool('t', { inputSchema });
    await check.learn(called);
    return check.refusal(called, args)?.message;
  };

  it.each([
    [{ type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }, { n: 1 }, undefined],
    [{ type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }, { n: 'x' }, 'arguments/n must be integer'],
    [{ type: 'object', required: ['n'] }, undefined, "must have required property 'n'"],
    [{ type: 'object', additionalProperties: false }, { __proto__: null, extra: 1 }, 'must NOT have additional properties'],
    [{ type: 'object', properties: { mail: { type: 'string', format: 'email' } } }, { mail: 'nobody' }, 'must match format "email"'],
    [
      { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: { l: { items: [{ type: 'string' }] } } },
      { l: [1] },
      'arguments/l/0 must be string',
    ],
    [{ type: 'object', properties: { l: { prefixItems: [{ type: 'string' }] } } }, { l: [1] }, 'arguments/l/0 must be string'],
    [{ type: 'object', $defs: { p: { type: 'boolean' } }, properties: { b: { $ref: '#/$defs/p' } } }, { b: 1 }, 'arguments/b must be boolean'],
  ])('against %j: %j', async (schema, args, expected) => {
    expect(await refusal(schema, args)).toEqual(expected === undefined ? undefined : expect.stringContaining(expected));
  });

  it(verifies(['X.validation'], 'meet hostile schemas: slow patterns run in linear time, foreign or huge or broken ones are left out'), async () => {
    const slow = { type: 'object', properties: { s: { type: 'string', pattern: '^(a+)+$' } } };
    const started = performance.now();
    expect(await refusal(slow, { s: `${'a'.repeat(50_000)}!` })).toContain('must match pattern');
    expect(performance.now() - started).toBeLessThan(2_000);
    for (const schema of [
      { $ref: 'http://other.example/schema' },
      { type: 'nonsense' },
      { enum: ['x'.repeat(300_000)] },
      { pattern: '(?<=a)b', type: 'string' },
    ]) {
      expect(await refusal(schema, {})).toBeUndefined();
    }
    expect(unusable).toHaveLength(4);
  });

  it.each([
    [
      'doubles with each level',
      { $defs: { n: { properties: { a: { allOf: [{ $ref: '#/$defs/n' }, { $ref: '#/$defs/n' }] } } } }, $ref: '#/$defs/n' },
    ],
    ['doubles with each definition', doubling(40)],
    ['goes round without getting anywhere', { $defs: { n: { allOf: [{ $ref: '#/$defs/n' }] } }, $ref: '#/$defs/n' }],
  ])('are not checked against a schema whose work %s', async (_what, schema) => {
    unusable.length = 0;
    let args: unknown = 1;
    for (let depth = 0; depth < 60; depth++) args = { a: args };
    expect(await refusal(schema, args)).toBeUndefined();
    expect(unusable).toHaveLength(1);
  });

  it('are checked against schemas that refer to themselves once, by either name', async () => {
    const tree = { type: 'object', properties: { n: { type: 'number' }, next: { $ref: '#' } } };
    expect(await refusal(tree, { n: 1, next: { n: 2, next: { n: 'x' } } })).toContain('arguments/next/next/n must be number');
    const list = {
      $defs: { l: { type: 'object', properties: { n: { type: 'number' }, l: { type: 'array', items: { $ref: '#/$defs/l' } } } } },
      $ref: '#/$defs/l',
    };
    expect(await refusal(list, { l: [{ l: [{ n: 'x' }] }] })).toContain('must be number');
  });

  it('are checked in time that does not grow faster than they do', async () => {
    const started = performance.now();
    const schema = {
      type: 'object',
      properties: { l: { type: 'array', uniqueItems: true }, u: { type: 'string', format: 'uri' }, v: { format: 'url' } },
    };
    const url = `http://${'a:@'.repeat(20_000)}\0`;
    await refusal(schema, { l: Array.from({ length: 100_000 }, (_, n) => n), u: url, v: url });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('are compiled once for a tool', async () => {
    const once = tool('once', { inputSchema: { $ref: '#/nowhere' } });
    unusable.length = 0;
    expect(check.knows(once)).toBe(false);
    await Promise.all([check.learn(once), check.learn(once)]);
    await check.learn(once);
    expect([check.knows(once), check.refusal(once, {})]).toEqual([true, undefined]);
    expect(unusable).toHaveLength(1);
  });
});

/** Each definition refers to the next one twice. */
function doubling(levels: number): Json {
  const refs = (n: number): Json => ({ allOf: [{ $ref: `#/$defs/n${n}` }, { $ref: `#/$defs/n${n}` }] });
  return { $defs: Object.fromEntries(Array.from({ length: levels }, (_, n) => [`n${n}`, n === levels - 1 ? {} : refs(n + 1)])), ...refs(0) };
}

describe('a server with rules', () => {
  const rules = { allowTools: ['e*', 'pid', 'sleep'], denyTools: ['env'], validate: true };

  it(verifies(['X.tools'], 'shows and serves only what it offers, on every path'), async () => {
    await using hearth = await startApp({
      servers: { a: fixture('', rules), b: fixture('annotated', { readOnly: true }), c: fixture('', { readOnly: true }) },
    });
    await untilReady(hearth.url);
    const offered = ['echo', 'sleep', 'pid', 'emit', 'error'];
    const hub = new RawHttp(`${hearth.url}/mcp`);
    await hub.open();
    const one = new RawHttp(`${hearth.url}/servers/a/mcp`);
    await one.open();
    const modern = new RawStateless(`${hearth.url}/servers/a/mcp`);
    const namesOf = ({ tools }: Json): unknown[] => (tools as Json[]).map(({ name }) => name);
    const hubNames = namesOf(((await hub.request(1, 'tools/list'))[0] as { result: Json }).result) as string[];
    expect(hubNames.filter((name) => name.startsWith('a__'))).toEqual(offered.map((name) => `a__${name}`));
    expect([hubNames.some((name) => name.startsWith('b__')), hubNames.some((name) => name.startsWith('c__'))]).toEqual([true, false]);
    expect(namesOf(((await one.request(1, 'tools/list'))[0] as { result: Json }).result)).toEqual(offered);
    expect(namesOf(await modern.result('tools/list'))).toEqual(offered);
    const refused = { error: { code: -32602, message: expect.stringContaining('is not offered here') } };
    expect(await hub.request(2, 'tools/call', { name: 'a__env', arguments: { name: 'PATH' } })).toMatchObject([refused]);
    expect(await one.request(2, 'tools/call', { name: 'env', arguments: { name: 'PATH' } })).toMatchObject([refused]);
    expect((await modern.request('tools/call', { name: 'env', arguments: { name: 'PATH' } })).at(-1)).toMatchObject(refused);
    expect(await hub.request(3, 'tools/call', { name: 'c__echo', arguments: {} })).toMatchObject([refused]);
    expect(await hub.call(4, 'b__echo', { text: 'fine' })).toBe('fine');
    expect(await one.call(5, 'echo', { text: 'fine' })).toBe('fine');
  });
});
