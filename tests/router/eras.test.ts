import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { type Json, messagesOf, RawHttp, RawSse } from '../support/raw-client.js';
import { MODERN as MODERN_META, RawStateless, VERSION } from '../support/stateless.js';
import { received, scratchFile } from '../support/wire.js';

const MODERN = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'modern.mjs');
type Extra = Parameters<typeof fixture>[1];
const modern = (modes = '', extra: Extra = {}) => fixture(modes, { args: [MODERN], ...extra });

async function started(servers: Parameters<typeof startApp>[0]['servers'], limits = {}) {
  const hearth = await startApp({ servers, limits });
  await untilReady(hearth.url);
  const session = new RawHttp(`${hearth.url}/mcp`);
  return Object.assign(hearth, { client: new RawStateless(`${hearth.url}/mcp`), session });
}
const textIn = (result: Json): string => (result.content as Json[])[0]?.text as string;
const ELICIT = { method: 'elicitation/create', params: { message: 'Name?', requestedSchema: { type: 'object' } } };

describe('a server that knows no handshake', () => {
  it(verifies(['W8.bridge'], 'serves clients that make one, and they see their own era'), async () => {
    await using hearth = await started({ modern: modern() });
    const { session } = hearth;
    expect(await session.open({}, '2025-06-18')).toEqual({
      protocolVersion: '2025-06-18',
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {} },
      serverInfo: { name: 'modern-fixture', version: '2.0.0' },
      instructions: 'Be brief.',
    });
    expect(await session.request(1, 'ping')).toMatchObject([{ result: {} }]);
    const got = JSON.parse(await session.call(2, 'params', { big: 1 })) as Json;
    expect(got).toEqual({
      name: 'params',
      arguments: { big: 1 },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': VERSION,
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': expect.objectContaining({ name: expect.any(String) }),
        'io.modelcontextprotocol/logLevel': 'info',
      },
    });
    const sse = await RawSse.open(`${hearth.url}/sse`);
    await sse.initialize();
    const listed = (await sse.request(2, 'tools/list')).result as Json;
    expect(Object.keys(listed)).toEqual(['tools']);
    expect(await sse.call(3, 'params')).toContain(VERSION);
    const stray = await sse.request(4, 'tools/list', { _meta: MODERN_META });
    expect(stray.error).toMatchObject({ code: -32022, data: { supported: expect.arrayContaining(['2025-11-25']) } });
    sse.close();
  });

  it(verifies(['W8.bridge'], 'asks them by requests of their era, in as many rounds as it likes'), async () => {
    await using hearth = await started({ modern: modern() });
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize({ elicitation: {}, sampling: {}, roots: {} });
    const questions = { a: ELICIT, b: { method: 'roots/list' }, c: { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } } };
    const reply = client.call(1, 'ask', { questions, rounds: 2 });
    for (let round = 1; round <= 2; round++) {
      await client.until(() => client.messages.filter(({ method }) => method !== undefined).length === 3 * round);
      const asked = client.messages.filter(({ method }) => method !== undefined).slice(-3);
      expect(asked.map(({ method }) => method)).toEqual(['elicitation/create', 'roots/list', 'sampling/createMessage']);
      for (const { id, method } of asked) await client.send({ jsonrpc: '2.0', id, result: { round, method } });
    }
    expect(JSON.parse(await reply)).toEqual({
      a: { round: 2, method: 'elicitation/create' },
      b: { round: 2, method: 'roots/list' },
      c: { round: 2, method: 'sampling/createMessage' },
    });
    client.close();
    await until(() => hearth.app.sessions.size === 0 && !hearth.app.busy);
  });

  it('asks to be asked again, without questions', async () => {
    await using hearth = await started({ modern: modern() });
    await hearth.session.open();
    expect(await hearth.session.call(1, 'ask-nothing')).toBe('again');
  });

  it.each([
    ['the client does not offer', { questions: { a: ELICIT } }, {}, 'does not offer: elicitation'],
    ['is none', { questions: { a: { method: 'tools/list' } } }, { elicitation: {} }, 'does not offer: a known question'],
    ['never ends', { questions: { a: ELICIT }, rounds: 99 }, { elicitation: {} }, 'more than 16 times'],
  ])('fails as a tool when what it wants to know %s', async (_what, args, capabilities, text) => {
    await using hearth = await started({ modern: modern() });
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize(capabilities);
    const reply = client.request(1, 'tools/call', { name: 'ask', arguments: args });
    const answering = setInterval(() => {
      for (const { id, method } of client.messages.splice(0)) if (method && id !== undefined) void client.send({ jsonrpc: '2.0', id, result: {} });
    }, 5);
    expect(await reply).toMatchObject({ result: { isError: true, content: [{ text: expect.stringContaining(text) }] } });
    clearInterval(answering);
    client.close();
  });

  it('forgets a question whose request its client takes back, or whose client leaves or refuses', async () => {
    await using hearth = await started({ modern: modern() });
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize({ elicitation: {} });
    const asked = () => client.messages.filter(({ method }) => method === 'elicitation/create');
    const ask = (id: number) =>
      client.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'ask', arguments: { questions: { a: ELICIT } } } });
    await ask(1);
    await client.until(() => asked().length === 1);
    expect(hearth.app.servers[0]?.router.busy).toBe(true);
    await client.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await client.until(() => client.messages.some(({ method }) => method === 'notifications/cancelled'));
    await until(() => !hearth.app.busy);
    await ask(2);
    await client.until(() => asked().length === 2);
    await client.send({ jsonrpc: '2.0', id: asked()[1]?.id, error: { code: -1, message: 'not now' } });
    await client.until(() => client.reply(2) !== undefined);
    expect(client.reply(2)).toMatchObject({ result: { isError: true, content: [{ text: expect.stringContaining('not now') }] } });
    await ask(3);
    await client.until(() => asked().length === 3);
    client.close();
    await until(() => hearth.app.sessions.size === 0 && !hearth.app.busy);
  });

  it('gets the log level of each session with its requests', async () => {
    await using hearth = await started({ modern: modern() });
    await hearth.session.open();
    expect(await hearth.session.request(1, 'logging/setLevel', { level: 'debug' })).toMatchObject([{ result: {} }]);
    expect(await hearth.session.call(2, 'log')).toBe('debug');
    expect(await hearth.session.request(3, 'logging/setLevel', { level: 'loud' })).toMatchObject([{ error: { code: -32602 } }]);
  });

  it('tells sessions of changes through subscriptions that hearth holds, also after a restart of the server', async () => {
    const journal = scratchFile();
    await using hearth = await started({ modern: modern('', { env: { FIXTURE_JOURNAL: journal } }) });
    const client = await RawSse.open(`${hearth.url}/sse`);
    await client.initialize();
    const heard = (method: string) => client.messages.filter((message) => message.method === method);
    expect(await client.request(1, 'resources/subscribe', { uri: 'modern://one' })).toMatchObject({ result: {} });
    for (const round of [1, 2]) {
      await client.call(10 * round, 'change', { method: 'notifications/tools/list_changed', key: 'toolsListChanged' });
      await client.call(10 * round + 1, 'change', { method: 'notifications/resources/updated', uri: 'modern://one' });
      await client.until(
        () => heard('notifications/tools/list_changed').length === round && heard('notifications/resources/updated').length === round,
      );
      await client.call(10 * round + 2, 'die');
      await untilReady(hearth.url);
    }
    await client.request(90, 'resources/unsubscribe', { uri: 'modern://one' });
    await until(async () => (await received(journal, 'notifications/cancelled')).length === 1);
    client.close();
  });

  it('is pinged by discovery, and found dead when it does not answer', async () => {
    const journal = scratchFile();
    await using _hearth = await started({ modern: modern('', { ping: 50, pingTimeout: 1_000, env: { FIXTURE_JOURNAL: journal } }) });
    await until(async () => (await received(journal, 'server/discover')).length > 3);
    expect(await received(journal, 'ping')).toEqual([]);
  });

  it('serves clients of its own era as it is: byte for byte, with its own states, hints and identity', async () => {
    await using hearth = await started({ modern: modern() });
    const { client } = hearth;
    expect(await client.result('server/discover')).toMatchObject({ ttlMs: 60_000, cacheScope: 'public', instructions: 'Be brief.' });
    expect(await client.result('tools/list')).toMatchObject({ ttlMs: 60_000, cacheScope: 'public' });
    const asked = await client.call('ask', { questions: { mine: ELICIT } });
    expect(asked).toEqual({ resultType: 'input_required', inputRequests: { mine: ELICIT }, requestState: '1' });
    const done = await client.call('ask', { questions: { mine: ELICIT } }, { answers: { requestState: '1', inputResponses: { mine: { n: 1 } } } });
    expect(JSON.parse(textIn(done))).toEqual({ mine: { n: 1 } });
    expect(await client.request('tools/call', { name: 'progress' }, { meta: { progressToken: 't' } })).toMatchObject([
      { params: { progressToken: 't' } },
      {},
    ]);
    const level = { 'io.modelcontextprotocol/logLevel': 'info' };
    expect((await client.request('tools/call', { name: 'log', arguments: {} }, { meta: level })).map(({ method }) => method)).toEqual([
      'notifications/message',
      undefined,
    ]);
    expect(hearth.app.servers[0]?.router.pids()).toHaveLength(1);
  });

  it.each([
    ['a matching header', { region: 'eu', size: 3 }, { 'Mcp-Param-Region': 'eu', 'Mcp-Param-Size': '3.0' }, 200],
    ['a header in Base64', { region: 'eu' }, { 'Mcp-Param-Region': '=?base64?ZXU=?=' }, 200],
    ['nothing to repeat', {}, { 'Mcp-Param-Region': 'eu' }, 200],
    ['no header', { region: 'eu' }, {}, 400],
    ['another value', { region: 'eu' }, { 'Mcp-Param-Region': 'us' }, 400],
    ['another number', { size: 3 }, { 'Mcp-Param-Size': '0x3' }, 400],
    ['bad Base64', { region: 'eu' }, { 'Mcp-Param-Region': '=?base64?ZXU?=' }, 400],
  ] as const)('has arguments repeated in headers: %s', async (_what, args, headers: Record<string, string>, status) => {
    await using hearth = await started({ modern: modern() });
    const response = await hearth.client.post('tools/call', { name: 'headed', arguments: args }, { headers });
    expect(response.status).toBe(status);
    if (status === 400) expect((await messagesOf(response)).at(-1)?.error).toMatchObject({ code: -32020 });
  });
});

describe('a server that speaks both eras', () => {
  it(verifies(['W8.eras'], 'is spoken to in the era of each client, found out when the first modern one comes'), async () => {
    await using hearth = await started({ dual: modern('dual') });
    await hearth.session.open();
    const legacy = await hearth.session.call(1, 'pid');
    expect(hearth.app.servers[0]?.router.pids()).toEqual([Number(legacy)]);
    const pids = await Promise.all([1, 2, 3].map(async () => textIn(await hearth.client.call('pid'))));
    expect(new Set(pids).size).toBe(1);
    expect(pids[0]).not.toBe(legacy);
    await until(() => hearth.app.servers[0]?.router.pids().length === 2);
    expect(await hearth.session.call(2, 'pid')).toBe(legacy);
    expect(await hearth.client.result('server/discover')).toMatchObject({ instructions: 'Be brief.' });
  });

  it('is busy with the calls of either era', async () => {
    await using hearth = await started({ dual: modern('dual') });
    await hearth.client.call('pid');
    const call = hearth.client.call('sleep', { ms: 500 });
    await until(() => hearth.app.busy);
    expect(textIn(await call)).toBe('slept');
    expect(hearth.app.busy).toBe(false);
  });

  it('has a pool for modern clients too, where the config has one', async () => {
    await using hearth = await started({ dual: modern('dual', { policy: 'pool', poolSize: 2 }) });
    await hearth.client.call('pid');
    await until(() => hearth.app.servers[0]?.router.pids().length === 4);
  });

  it('is found out and spoken to with the credentials of its clients', async () => {
    await using hearth = await started({ dual: modern('dual', { credentials: { TOKEN: 'X-Token' } }) });
    const pid = async (token: string): Promise<string> => textIn(await hearth.client.call('pid', {}, { headers: { 'X-Token': token } }));
    const [one, again, other] = [await pid('a'), await pid('a'), await pid('b')];
    expect([one === again, one === other]).toEqual([true, false]);
    expect((await hearth.client.request('tools/call', { name: 'pid', arguments: {} })).at(-1)?.error).toMatchObject({ code: -32009 });
  });

  it('shares a child for each modern client where sessions have one each, and the config says what it is', async () => {
    await using hearth = await started({
      a: fixture('', { policy: 'per-session', era: 'legacy' }),
      b: modern('', { policy: 'per-session', era: 'modern' }),
    });
    for (const tool of ['a__pid', 'b__pid']) {
      const pids = await Promise.all([1, 2].map(async () => textIn(await hearth.client.call(tool))));
      expect(new Set(pids).size).toBe(1);
    }
  });

  it('keeps to one of them if the config says so', async () => {
    await using hearth = await started({ legacy: modern('dual', { era: 'legacy' }), modern: modern('dual', { era: 'modern' }) });
    expect(textIn(await hearth.client.call('legacy__params'))).toBe('legacy');
    await hearth.session.open();
    expect(await hearth.session.call(1, 'modern__params')).toContain(VERSION);
  });
});

describe('a server of the earlier era', () => {
  it.each([
    ['refuses', ''],
    ['ends on', 'exit-on-unknown'],
    ['never answers', 'mute-on-unknown'],
  ])(verifies(['W8.eras'], 'that %s an unknown first request is found out on a child that is thrown away'), async (_how, mode) => {
    const starts = scratchFile();
    await using hearth = await started({ old: fixture(mode, { eraTimeout: 1_000, env: { FIXTURE_STARTS: starts } }) });
    const [pid] = hearth.app.servers[0]?.router.pids() ?? [];
    expect(textIn(await hearth.client.call('pid'))).toBe(String(pid));
    expect(textIn(await hearth.client.call('pid'))).toBe(String(pid));
    expect(await hearth.client.call('pid')).toBeDefined();
    expect((await hearth.app.servers[0]?.router.report())?.children).toMatchObject([{ restarts: 0 }]);
  });

  it('is not asked if the config says what it is', async () => {
    const journal = scratchFile();
    await using hearth = await started({ old: fixture('', { era: 'legacy', env: { FIXTURE_JOURNAL: journal } }) });
    await hearth.client.call('pid');
    expect(await received(journal, 'server/discover')).toEqual([]);
  });

  it('that refuses the handshake is not ready, and says so', async () => {
    await using hearth = await startApp({ servers: { old: fixture('error-initialize') } });
    const reply = await new RawStateless(`${hearth.url}/mcp`).request('tools/list');
    expect(reply.at(-1)?.error).toMatchObject({ code: -32003 });
  });
});
