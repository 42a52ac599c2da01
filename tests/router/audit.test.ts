import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { RawStateless } from '../support/stateless.js';
import { TempFolder } from '../support/temp.js';

const recordsOf = (file: string): Json[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Json);

describe('the audit log', () => {
  it(verifies(['X.audit'], 'has every call, who made it and what came of it, whoever answered'), async () => {
    using folder = new TempFolder();
    const file = `${folder.path}/audit.jsonl`;
    const server = fixture('annotated', { denyTools: ['env'], cacheTtl: '1m' });
    const key = 'a-key-that-is-long-enough-for-tests';
    await using hearth = await startApp({ servers: { fixture: server }, audit: { calls: true, file }, auth: { keys: [{ key, name: 'ada' }] } });
    await untilReady(hearth.url);
    const headers = { authorization: `Bearer ${key}`, 'x-correlation-id': 'trace-1' };
    const client = new RawStateless(`${hearth.url}/mcp`);
    const call = (name: string, args: Json = {}) => client.request('tools/call', { name, arguments: args }, { headers });
    await call('echo', { text: 'once' });
    await call('echo', { text: 'once' }); // from the cache
    await call('env');
    await call('fail');
    await call('error', { code: -32099 });
    await call('die');
    await until(() => recordsOf(file).length === 6);
    const common = { event: 'audit', server: 'fixture', principal: 'ada', address: '127.0.0.1', correlationId: 'trace-1' };
    const seen = recordsOf(file);
    expect(seen.map(({ tool, outcome, code }) => [tool, outcome, code])).toEqual([
      ['echo', 'ok', undefined],
      ['echo', 'ok', undefined],
      ['env', 'refused', -32602],
      ['fail', 'tool_error', undefined],
      ['error', 'rpc_error', -32099],
      ['die', 'refused', -32000],
    ]);
    for (const record of seen) expect(record).toMatchObject({ ...common, durationMs: expect.any(Number), session: expect.any(String) });
    expect(JSON.stringify(seen)).not.toContain('once');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('has the arguments if they are asked for, cut and without known secrets, and calls that were taken back', async () => {
    using folder = new TempFolder();
    const file = `${folder.path}/audit.jsonl`;
    const audit = { calls: true, arguments: true, file };
    await using hearth = await startApp({ servers: { fixture: fixture('', { headers: {}, env: { API_TOKEN: 'canary-token-1' } }) }, audit });
    await untilReady(hearth.url);
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize();
    await client.call(1, 'echo', { text: 'x'.repeat(10_000) });
    await client.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 60_000 } } });
    await until(() => hearth.app.busy);
    client.close();
    await until(() => recordsOf(file).length === 2);
    const [long, cancelled] = recordsOf(file);
    expect(String(long?.arguments)).toMatch(/^\{"text":"x+\.\.\. \(10011 characters\)$/);
    expect(cancelled).toMatchObject({ tool: 'sleep', outcome: 'cancelled', arguments: '{"ms":60000}' });
  });

  it('says at start when its file cannot be written', async () => {
    await expect(startApp({ servers: { a: fixture() }, audit: { calls: true, file: '/nowhere/at/all' } })).rejects.toThrow(
      'audit.file: cannot be written',
    );
  });
});

describe('nesting', () => {
  it(verifies(['X.input'], 'has a limit in messages of clients, and no depth hurts'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, limits: { depth: 10 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open({}, '2025-03-26');
    const deep = (levels: number): string => `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`;
    expect((await client.post(deep(8))).status).toBe(200);
    for (const levels of [9, 100_000, 1_000_000]) {
      const response = await client.post(deep(levels));
      expect([response.status, await response.text()]).toEqual([400, expect.stringMatching(/limits\.depth|not valid JSON/)]);
    }
    expect(await (await client.post(`[${deep(20)},${deep(3)}]`)).text()).toContain('limits.depth');
    expect(await client.call(2, 'echo', { text: 'fine' })).toBe('fine');
  });
});
