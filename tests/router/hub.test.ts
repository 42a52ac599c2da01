import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { type Json, messagesOf, RawHttp, RawSse } from '../support/raw-client.js';
import { metric, received, scratchFile } from '../support/wire.js';

async function open(url: string, path = '/mcp'): Promise<RawHttp> {
  const client = new RawHttp(`${url}${path}`);
  await client.open({ sampling: {} });
  return client;
}

async function names(client: RawHttp, method = 'tools/list', key = 'tools'): Promise<string[]> {
  const [reply] = await client.request('list', method);
  const result = reply?.result as Record<string, Array<{ name: string }>> | undefined;
  return result?.[key]?.map(({ name }) => name) ?? [];
}

describe('a hub', () => {
  it(verifies(['A1.names', 'A1.paths'], 'shows all servers under one endpoint, and each under its own'), async () => {
    await using hearth = await startApp({ servers: { one: fixture(), 'two-b': fixture('paged') } });
    await untilReady(hearth.url);
    const hub = await open(hearth.url);
    const bare = await open(hearth.url, '/servers/one/mcp');
    const tools = await names(bare);
    expect(tools).toContain('echo');
    expect(await names(hub)).toEqual(['one', 'two-b'].flatMap((server) => tools.map((tool) => `${server}__${tool}`)));
    expect(await names(hub, 'prompts/list', 'prompts')).toEqual(['one__greet', 'two-b__greet']);
    expect(await hub.call(1, 'two-b__echo', { text: 'hello' })).toBe('hello');
    expect(await hub.call(2, 'one__pid')).toBe(await bare.call(1, 'pid'));
    expect(await hub.call(3, 'two-b__pid')).not.toBe(await bare.call(2, 'pid'));
    const sse = await RawSse.open(`${hearth.url}/servers/two-b/sse`);
    expect(sse.endpoint).toContain('/servers/two-b/messages?sessionId=');
    await sse.initialize();
    expect(await sse.call(1, 'echo', { text: 'sse' })).toBe('sse');
    sse.close();
    expect((await fetch(`${hearth.url}/servers/three/mcp`)).status).toBe(404);
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'server="two-b",tool="echo",outcome="ok"')).toBe(2);
  });

  it('introduces itself, with the instructions of its servers', async () => {
    await using hearth = await startApp({ servers: { one: fixture(), two: fixture() } });
    const result = await new RawHttp(`${hearth.url}/mcp`).open({}, '2025-03-26');
    expect(result).toMatchObject({
      protocolVersion: '2025-03-26',
      serverInfo: { name: 'hearth' },
      instructions: '# one\nBe kind.\n\n# two\nBe kind.',
    });
  });

  it(verifies(['A1.resources'], 'routes prompts, resources and completions to their servers'), async () => {
    const journals = { one: scratchFile(), two: scratchFile() };
    await using hearth = await startApp({
      servers: { one: fixture('', { env: { FIXTURE_JOURNAL: journals.one } }), two: fixture('', { env: { FIXTURE_JOURNAL: journals.two } }) },
    });
    await untilReady(hearth.url);
    const hub = await RawSse.open(`${hearth.url}/sse`);
    await hub.initialize();
    const result = async (method: string, params: Json): Promise<unknown> =>
      (await hub.request(`${method}${JSON.stringify(params)}`, method, params)).result;
    expect(await result('prompts/get', { name: 'two__greet' })).toMatchObject({ messages: [{ content: { text: 'greet' } }] });
    // Both have the same URI: the first keeps it, the second is named.
    const uris = ['fixture://one', 'two+fixture://one'];
    expect(((await result('resources/list', {})) as { resources: Json[] }).resources.map(({ uri }) => uri)).toEqual(uris);
    const templates = (await result('resources/templates/list', {})) as { resourceTemplates: Json[] };
    expect(templates.resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(['fixture://item/{id}', 'two+fixture://item/{id}']);
    for (const uri of uris) expect(await result('resources/read', { uri })).toMatchObject({ contents: [{ text: 'content of fixture://one' }] });
    expect((await received(journals.two, 'resources/read')).length).toBe(1);
    for (const uri of uris) await result('resources/subscribe', { uri });
    for (const server of ['one', 'two']) {
      await hub.call(server, `${server}__emit`, { method: 'notifications/resources/updated', params: { uri: 'fixture://one' } });
    }
    await hub.until(() => hub.messages.filter(({ method }) => method === 'notifications/resources/updated').length === 2);
    const updates = hub.messages.filter(({ method }) => method === 'notifications/resources/updated').map(({ params }) => (params as Json).uri);
    expect(updates).toEqual(uris);
    for (const uri of uris) expect(await result('resources/unsubscribe', { uri })).toEqual({});
    expect((await received(journals.two, 'resources/unsubscribe'))[0]?.params).toEqual({ uri: 'fixture://one' });
    const prompt = { ref: { type: 'ref/prompt', name: 'two__greet' }, argument: { name: 'a', value: '' } };
    expect(await result('completion/complete', prompt)).toEqual({ completion: { values: ['greet'] } });
    const resource = { ref: { type: 'ref/resource', uri: 'two+fixture://item/{id}' }, argument: { name: 'id', value: '' } };
    expect(await result('completion/complete', resource)).toEqual({ completion: { values: ['fixture://item/{id}'] } });
    hub.close();
  });

  it('refuses what it cannot route, and says what would work', async () => {
    await using hearth = await startApp({ servers: { one: fixture(), two: fixture() } });
    await untilReady(hearth.url);
    const hub = await open(hearth.url);
    const error = async (method: string, params: Json): Promise<string> => JSON.stringify((await hub.request(1, method, params)).at(-1)?.error);
    expect(await error('tools/call', { name: 'echo' })).toContain('servers: one, two');
    expect(await error('tools/call', { name: 'three__echo' })).toContain('Unknown tool: three__echo');
    expect(await error('tools/call', {})).toContain('Unknown tool');
    expect(await error('prompts/get', { name: '__greet' })).toContain('Unknown prompt');
    expect(await error('resources/read', { uri: 'other://x' })).toContain('<server>+other://x');
    expect(await error('resources/read', {})).toContain('Unknown resource');
    expect(await error('completion/complete', {})).toContain('Unknown resource');
    expect(await error('custom/method', {})).toContain('-32601');
  });

  it(verifies(['A.degraded'], 'keeps serving the others when one is down, slow or broken; its last good list stays, marked'), async () => {
    const servers = {
      good: fixture(),
      dying: fixture('', { maxRestarts: 1, retryFailed: '1h' }),
      silent: fixture('no-initialize', { startTimeout: '1h' }),
      missing: { command: 'no-such-program-anywhere' },
    };
    await using hearth = await startApp({ servers, limits: { firstListWait: 500 } });
    const hub = await open(hearth.url);
    const tools = await names(hub);
    expect(new Set(tools.map((name) => name.split('__')[0]))).toEqual(new Set(['good', 'dying']));
    await hub.call(1, 'dying__die');
    await hub.call(2, 'dying__die');
    await until(async () => JSON.stringify(await (await fetch(`${hearth.url}/status`)).json()).includes('its process exited with code 1'));
    const [list] = await hub.request(3, 'tools/list');
    const listed = (list as { result: { tools: Array<{ name: string; _meta?: Json }> } }).result.tools;
    expect(listed.map(({ name }) => name)).toEqual(tools);
    expect(listed.filter(({ _meta }) => _meta?.['hearth/unavailable']).every(({ name }) => name.startsWith('dying__'))).toBe(true);
    expect(listed.some(({ _meta }) => _meta?.['hearth/unavailable'])).toBe(true);
    for (const tool of ['dying__echo', 'missing__anything']) {
      const [reply] = await hub.request(4, 'tools/call', { name: tool, arguments: {} });
      expect(reply?.error).toMatchObject({ code: -32003, data: { server: tool.split('__')[0] } });
    }
    expect(await hub.call(5, 'good__echo', { text: 'unharmed' })).toBe('unharmed');
    const health = await fetch(`${hearth.url}/health`);
    const report = (await health.json()) as { status: string; reasons: string[] };
    expect(report.reasons.join('\n')).toContain('could not be started');
  });

  it('is not ready when none of its servers is', async () => {
    await using hearth = await startApp({ servers: { a: { command: 'no-such-program-a' }, b: { command: 'no-such-program-b' } } });
    await until(async () => (await (await fetch(`${hearth.url}/health`)).text()).includes('no-such-program-b'));
    expect((await fetch(`${hearth.url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${hearth.url}/health`)).status).toBe(503);
  });

  it(verifies(['A1.notifications'], 'tells its sessions once when a list has changed, after it knows the new one'), async () => {
    const server = fixture('tools-change', { env: { FIXTURE_STARTS: scratchFile() } });
    await using hearth = await startApp({ servers: { changing: server, other: fixture() } });
    await untilReady(hearth.url);
    const hub = await RawSse.open(`${hearth.url}/sse`);
    await hub.initialize();
    await until(async () => (await metric(hearth.url, 'mcp_requests_in_flight')) === 0);
    hub.messages.length = 0;
    await hub.call(1, 'changing__die');
    await hub.until(() => hub.messages.some(({ method }) => method === 'notifications/tools/list_changed'));
    const list = await hub.request(2, 'tools/list');
    expect(JSON.stringify(list)).toContain('changing__new-tool');
    expect(hub.messages.filter(({ method }) => method === 'notifications/tools/list_changed')).toHaveLength(1);
    await hub.call(3, 'other__emit', { method: 'notifications/tools/list_changed' });
    await hub.call(4, 'other__emit', { method: 'notifications/resources/list_changed' });
    hub.close();
  });

  it(verifies(['A1.notifications'], 'passes log records on by each session and level, and questions to the session that caused them'), async () => {
    await using hearth = await startApp({ servers: { a: fixture(), b: fixture() } });
    await untilReady(hearth.url);
    const [one, two] = [await RawSse.open(`${hearth.url}/sse`), await RawSse.open(`${hearth.url}/sse`)];
    for (const client of [one, two]) await client.initialize({ sampling: {} });
    expect(await one.request(1, 'logging/setLevel', { level: 'error' })).toMatchObject({ result: {} });
    await two.call(1, 'b__log', { level: 'info', data: 'for two' });
    await two.until(() => two.messages.some(({ method }) => method === 'notifications/message'));
    expect(one.messages.some(({ method }) => method === 'notifications/message')).toBe(false);
    const asking = one.request(2, 'tools/call', { name: 'a__ask', arguments: { method: 'sampling/createMessage' } });
    await one.until(() => one.messages.some(({ method }) => method === 'sampling/createMessage'));
    const question = one.messages.find(({ method }) => method === 'sampling/createMessage');
    await one.send({ jsonrpc: '2.0', id: question?.id, result: { ok: 1 } });
    expect(JSON.stringify(await asking)).toContain('ok');
    await one.send({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'a__sleep', arguments: { ms: 60_000 } } });
    await until(() => hearth.app.busy);
    await one.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } });
    await until(() => !hearth.app.busy);
    one.close();
    two.close();
  });

  it('runs a per-session server for those who call it, with everything in its lists before that', async () => {
    await using hearth = await startApp({ servers: { own: fixture('', { policy: 'per-session' }), all: fixture() } });
    await untilReady(hearth.url);
    const [a, b] = [await open(hearth.url), await open(hearth.url)];
    expect((await names(a)).filter((name) => name.startsWith('own__')).length).toBeGreaterThan(10);
    expect(await names(a, 'prompts/list', 'prompts')).toContain('own__greet');
    expect(await metric(hearth.url, 'mcp_child_processes_expected', 'own')).toBe(0);
    expect(await a.call(1, 'own__pid')).not.toBe(await b.call(1, 'own__pid'));
    expect(await metric(hearth.url, 'mcp_child_processes_expected', 'own')).toBe(2);
    await a.close();
    await b.close();
    await until(async () => (await metric(hearth.url, 'mcp_child_processes_expected', 'own')) === 0);
  });

  it('keeps the last good list when it cannot be read again', async () => {
    await using hearth = await startApp({ servers: { a: fixture(), b: fixture('no-resources') } });
    await untilReady(hearth.url);
    const hub = await open(hearth.url);
    const response = await hub.post({ jsonrpc: '2.0', id: 1, method: 'resources/list' });
    expect(JSON.stringify(await messagesOf(response))).not.toContain('b+fixture');
    expect(await names(hub)).toContain('b__echo');
  });
});
