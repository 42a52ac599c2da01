import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hearthServers } from '../../../src/litellm/containers.js';
import { litellmConfig } from '../../../src/litellm/generate.js';
import { verifies } from '../../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../../support/app.js';
import { type Json, messagesOf } from '../../support/raw-client.js';
import { scratchFile } from '../../support/wire.js';
import { FakeOpenAi } from './openai.js';
import { KEY, LITELLM, LiteLlm } from './proxy.js';

const SERVERS = {
  everything: { command: 'mcp-server-everything' },
  memory: { command: 'mcp-server-memory', env: { MEMORY_FILE_PATH: scratchFile() } },
  thinking: { command: 'mcp-server-sequential-thinking' },
  ill: fixture('', { breakerFailures: 0, maxRestarts: 1_000, readyWait: 5_000 }),
  late: fixture('', { breakerFailures: 0, maxRestarts: 1_000 }),
} as const;

/** Who is killed cannot end its sessions: over http they last until they are idle for too long. */
const CONFIG = { servers: SERVERS, http: { maxEvent: 'litellm' }, limits: { sessionTimeout: 15_000, sweepInterval: 200 } } as const;

if (!LITELLM) it.skip('needs HEARTH_LITELLM, the program of an installed LiteLLM: see scripts/litellm.ts', () => {});

describe.runIf(LITELLM).each(['sse', 'http'] as const)('LiteLLM over %s', (transport) => {
  let hearth: RunningApp;
  let proxy: LiteLlm;
  let model: FakeOpenAi;

  beforeAll(async () => {
    hearth = await startApp(CONFIG);
    await untilReady(hearth.url);
    await until(() => hearth.app.servers.every(({ router }) => router.ready));
    // It calls the tool that it was offered, once, and says what came of it.
    model = await FakeOpenAi.start((request) => {
      const turns = [request.messages, request.input].flatMap((list) => (Array.isArray(list) ? (list as Json[]) : []));
      const answer = turns.find(({ role, type }) => role === 'tool' || type === 'function_call_output');
      return answer
        ? { text: `The tool said: ${JSON.stringify(answer.content ?? answer.output)}` }
        : { tool: { name: 'everything-echo', args: { message: 'from a model' } } };
    });
    const servers = hearthServers(Object.keys(SERVERS), transport, hearth.url);
    const config = litellmConfig(servers, { transport, era: undefined, requestTimeout: 30_000, keyVariable: undefined });
    proxy = await LiteLlm.start(config, model.url);
  }, 120_000);

  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await model?.[Symbol.asyncDispose]();
    await hearth?.[Symbol.asyncDispose]();
  });

  const pids = (): number[] => hearth.app.servers.flatMap(({ router }) => router.pids());
  const settled = (): Promise<void> => until(() => hearth.app.sessions.size === 0 && !hearth.app.busy, 30_000);

  it(verifies(['L.real'], 'lists every tool of every server'), async () => {
    const own = hearth.app.servers.flatMap(({ router }) => router.catalog.get('tools').map(({ name }) => `${router.name}-${name}`));
    expect((await proxy.tools()).map(({ name }) => name).sort()).toEqual(own.sort());
    const same = (await (await fetch(`${hearth.url}/v1/mcp/tools`)).json()) as { tools: Json[] };
    expect(same.tools.map(({ name }) => name).sort()).toEqual(own.sort());
  });

  it(verifies(['L.real'], 'calls tools of each, by its REST and its MCP path'), async () => {
    expect(await proxy.text('everything', 'echo', { message: 'hi' })).toBe('Echo: hi');
    expect(await proxy.text('memory', 'create_entities', { entities: [{ name: `n-${transport}`, entityType: 't', observations: [] }] })).toContain(
      'n-',
    );
    expect(
      await proxy.text('thinking', 'sequentialthinking', { thought: 't', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }),
    ).toContain('thought');
    expect(await proxy.text('ill', 'echo', { text: 'even this' })).toBe('even this');
    const opened = await proxy.request('/mcp', {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    });
    const session = opened.headers.get('mcp-session-id');
    const call = { jsonrpc: '2.0', id: 0, method: 'tools/call', params: { name: 'everything-echo', arguments: { message: 'by mcp' } } };
    const headers = {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(session && { 'mcp-session-id': session }),
    };
    const reply = await messagesOf(await fetch(`${proxy.url}/mcp/`, { method: 'POST', headers, body: JSON.stringify(call) }));
    expect(JSON.stringify(reply.at(-1))).toContain('Echo: by mcp');
    await settled();
  });

  it.each([false, true])(verifies(['L.real'], 'executes tools for a model by itself, streaming: %s'), async (stream) => {
    const tools = [{ type: 'mcp', server_url: 'litellm_proxy', require_approval: 'never' }];
    const chat = await proxy.request('/v1/chat/completions', { model: 'default', messages: [{ role: 'user', content: 'go' }], tools, stream });
    expect(await chat.text()).toMatch(/The tool said.*from a model/s);
    const responses = await proxy.request('/v1/responses', { model: 'default', input: 'go', tools, stream });
    expect(await responses.text()).toMatch(/The tool said.*from a model/s);
    await settled();
  });

  it(verifies(['L.load'], '200 calls, 16 at a time: every reply is right, no child is started, no session stays'), async () => {
    const before = pids();
    const work = Array.from({ length: 200 }, (_, index) => index);
    const worker = async (): Promise<void> => {
      for (let index = work.pop(); index !== undefined; index = work.pop()) {
        const text = `${transport}-${index}`;
        expect(await proxy.text('everything', 'echo', { message: text })).toBe(`Echo: ${text}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(pids()).toEqual(before);
    await settled();
  }, 120_000);

  describe('a server that is ill', () => {
    it('is killed in a call: the caller hears at once, and the next call works', async () => {
      const before = performance.now();
      expect(await proxy.text('ill', 'die')).toMatch(/exited|failed/);
      expect(performance.now() - before).toBeLessThan(5_000);
      expect(await proxy.text('ill', 'echo', { text: 'back' })).toBe('back');
    });

    it('reports errors: they arrive as errors', async () => {
      expect(await proxy.text('ill', 'error', { message: 'quite wrong' })).toContain('quite wrong');
      expect((await proxy.call('ill', 'fail')).isError).toBe(true);
    });

    it('is slow: others are not', async () => {
      const slow = proxy.text('ill', 'sleep', { ms: 3_000, text: 'at last' });
      const before = performance.now();
      expect(await proxy.text('everything', 'echo', { message: 'quick' })).toBe('Echo: quick');
      expect(performance.now() - before).toBeLessThan(2_500);
      expect(await slow).toBe('at last');
    });

    it('answers with more than a stream of LiteLLM holds: the caller learns what to do', async () => {
      const text = await proxy.text('ill', 'big', { bytes: 3 * 2 ** 20 });
      if (transport === 'sse') expect(text).toContain('larger than this client takes');
      else expect([text.length > 2 ** 20, text.includes('larger than this client takes')]).toContain(true);
      expect(await proxy.text('ill', 'echo', { text: 'next' })).toBe('next');
    });

    it('loses its caller: nothing stays', async () => {
      const abort = new AbortController();
      const call = proxy
        .request('/mcp-rest/tools/call', { server_id: 'ill', name: 'sleep', arguments: { ms: 20_000 } }, abort.signal)
        .catch(() => {});
      await until(() => hearth.app.busy);
      abort.abort();
      await call;
      await proxy.restart(); // LiteLLM itself goes on with a call whose caller has left
      await settled();
      expect(await proxy.text('ill', 'echo', { text: 'again' })).toBe('again');
    }, 120_000);

    it('has LiteLLM restarted under load: nothing stays', async () => {
      const calls = Array.from({ length: 20 }, () => proxy.text('ill', 'sleep', { ms: 5_000 }).catch(() => 'cut'));
      await until(() => hearth.app.busy);
      await proxy.restart();
      await Promise.all(calls);
      await settled();
      expect(await proxy.text('everything', 'echo', { message: 'after' })).toBe('Echo: after');
    }, 120_000);
  });

  it('a hearth that is away is an error at once, and works again when it is back, without a restart of LiteLLM', async () => {
    const { port } = new URL(hearth.url);
    await hearth.app.stop();
    const before = performance.now();
    expect(await proxy.text('everything', 'echo', { message: 'nobody' })).not.toContain('Echo');
    expect(performance.now() - before).toBeLessThan(10_000);
    hearth = await startApp({ ...CONFIG, listen: { port: Number(port) } });
    await untilReady(hearth.url);
    await until(() => hearth.app.servers.every(({ router }) => router.ready));
    expect(await proxy.text('everything', 'echo', { message: 'back' })).toBe('Echo: back');
  }, 60_000);
});
