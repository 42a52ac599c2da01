import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { type Json, messagesOf, RawHttp } from '../support/raw-client.js';
import { RawStateless } from '../support/stateless.js';
import { received, scratchFile } from '../support/wire.js';

const ELICIT = { method: 'elicitation/create', params: { message: 'Name?', requestedSchema: { type: 'object', properties: {} } } };
const SAMPLE = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 5, _meta: { progressToken: 1, own: 2 } } };
const ALL = { elicitation: {}, sampling: {}, roots: {} };
const ACCEPT = { action: 'accept', content: { name: 'Ada' } };

interface Asked extends Json {
  readonly inputRequests: Record<string, Json>;
  readonly requestState: string;
}

/** The first round: what the server wants to know. */
async function ask(client: RawStateless, args: Json = ELICIT, capabilities: Json = ALL, tool = 'ask'): Promise<Asked> {
  return (await client.call(tool, args, { capabilities })) as Asked;
}

function answer(client: RawStateless, { requestState, inputRequests }: Asked, response: unknown, args: Json = ELICIT, tool = 'ask'): Promise<Json> {
  const inputResponses = Object.fromEntries(Object.keys(inputRequests).map((key) => [key, response]));
  return client.call(tool, args, { capabilities: ALL, answers: { requestState, inputResponses } });
}

const textIn = (result: Json): string => (result.content as Json[])[0]?.text as string;
const textOf = (result: Json): unknown => JSON.parse(textIn(result));

async function started(config: Parameters<typeof startApp>[0] = { servers: { fixture: fixture() } }) {
  const hearth = await startApp(config);
  await untilReady(hearth.url);
  return Object.assign(hearth, { client: new RawStateless(`${hearth.url}/mcp`) });
}

describe('a question of a server of the earlier era', () => {
  it(verifies(['W8.translate'], 'becomes a result, and the request made again brings the answer back'), async () => {
    await using hearth = await started();
    const { client } = hearth;
    const asked = await ask(client);
    expect(asked).toEqual({ resultType: 'input_required', inputRequests: expect.anything(), requestState: expect.stringMatching(/^hearth\./) });
    expect(Object.values(asked.inputRequests)).toEqual([ELICIT]);
    expect(hearth.app.stateless.parked).toBe(1);
    const done = await answer(client, asked, ACCEPT);
    expect([done.resultType, textOf(done)]).toEqual(['complete', ACCEPT]);
    expect([hearth.app.stateless.parked, hearth.app.busy]).toEqual([0, false]);
  });

  it('is gathered with others that come at once, without what only the old era knows', async () => {
    await using hearth = await started();
    const args = { questions: [ELICIT, SAMPLE, { method: 'roots/list' }] };
    const asked = await ask(hearth.client, args, ALL, 'ask-all');
    expect(Object.values(asked.inputRequests)).toEqual([
      ELICIT,
      { method: SAMPLE.method, params: { messages: [], maxTokens: 5, _meta: { own: 2 } } },
      { method: 'roots/list' },
    ]);
    expect(textOf(await answer(hearth.client, asked, { ok: 1 }, args, 'ask-all'))).toEqual([{ ok: 1 }, { ok: 1 }, { ok: 1 }]);
  });

  it('is put again when its answer is missing or no object, with another state', async () => {
    await using hearth = await started();
    const first = await ask(hearth.client);
    const second = (await answer(hearth.client, first, 12)) as Asked;
    expect(second).toMatchObject({ resultType: 'input_required', inputRequests: first.inputRequests });
    expect(second.requestState).not.toBe(first.requestState);
    expect(textOf(await answer(hearth.client, second, ACCEPT))).toEqual(ACCEPT);
  });

  it.each([
    ['changed', (state: string) => `${state}x`, {}, 'ask'],
    ['of nobody', () => 'hearth.x', {}, 'ask'],
    ['of another tool', (state: string) => state, {}, 'echo'],
    ['with other arguments', (state: string) => state, { other: 1 }, 'ask'],
  ])('is not answered by a state that is %s', async (_what, change, args, tool) => {
    await using hearth = await started();
    const asked = await ask(hearth.client);
    const request = { name: tool, arguments: { ...ELICIT, ...args }, requestState: change(asked.requestState), inputResponses: {} };
    const reply = (await hearth.client.request('tools/call', request, { capabilities: ALL })).at(-1);
    expect(reply?.error).toMatchObject({ code: -32602 });
    expect(textOf(await answer(hearth.client, asked, ACCEPT))).toEqual(ACCEPT);
  });

  it('is answered once', async () => {
    await using hearth = await started();
    const asked = await ask(hearth.client);
    await answer(hearth.client, asked, ACCEPT);
    await expect(answer(hearth.client, asked, ACCEPT)).rejects.toThrow('-32602');
  });

  it('that the client cannot answer is refused to the server, and the failure says what the client lacks', async () => {
    await using hearth = await started();
    const reply = textOf(await ask(hearth.client, ELICIT, { sampling: {} }));
    expect(reply).toMatchObject({ error: { code: -32601 } }); // the tool went on without it
    const response = await hearth.client.post('tools/call', { name: 'ask-or-fail', arguments: ELICIT });
    const [message] = await messagesOf(response);
    expect([response.status, message?.error]).toEqual([400, expect.objectContaining({ code: -32021 })]);
    expect(message?.error).toMatchObject({ data: { requiredCapabilities: { elicitation: {} } } });
  });

  it('ends with the time that the client has for it', async () => {
    await using hearth = await started({ servers: { fixture: fixture() }, limits: { inputTimeout: 50 } });
    const asked = await ask(hearth.client);
    await until(() => hearth.app.stateless.parked === 0 && !hearth.app.busy);
    await expect(answer(hearth.client, asked, ACCEPT)).rejects.toThrow('too old');
  });

  it('ends with the server, and who comes back learns why', async () => {
    await using hearth = await started();
    const asked = await ask(hearth.client);
    await hearth.client.request('tools/call', { name: 'die', arguments: {} });
    await expect(answer(hearth.client, asked, ACCEPT)).rejects.toThrow('-32000');
  });

  it('may be carried by another request of the same client, and never by that of a session', async () => {
    await using hearth = await started();
    const one = await ask(hearth.client);
    const two = await ask(hearth.client);
    expect(textOf(await answer(hearth.client, two, { n: 2 }))).toEqual({ n: 2 });
    const session = new RawHttp(`${hearth.url}/mcp`);
    await session.open(ALL);
    expect(await session.call(1, 'ask', ELICIT)).toContain('requests of 2 clients are in flight');
    expect(textOf(await answer(hearth.client, one, { n: 1 }))).toEqual({ n: 1 });
  });

  it('holds no place for ever: too many are refused', async () => {
    await using hearth = await started({ servers: { fixture: fixture() }, limits: { sessions: 1 } });
    const asked = await ask(hearth.client);
    const response = await hearth.client.post('tools/call', { name: 'ask', arguments: ELICIT }, { capabilities: ALL });
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('limits.sessions')]);
    expect(textOf(await answer(hearth.client, asked, ACCEPT))).toEqual(ACCEPT);
  });

  it('does not hold hearth up when it stops', async () => {
    const hearth = await started();
    await ask(hearth.client);
    const before = performance.now();
    await hearth.app.stop();
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});

describe('a request of revision 2026-07-28', () => {
  it(verifies(['W8.client'], 'is cancelled by its client when that closes the response'), async () => {
    const journal = scratchFile();
    await using hearth = await started({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) } });
    const abort = new AbortController();
    const response = await hearth.client.post('tools/call', { name: 'sleep', arguments: { ms: 60_000 } }, { signal: abort.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    abort.abort();
    await until(async () => (await received(journal, 'notifications/cancelled')).length === 1);
    await until(() => !hearth.app.busy);
  });

  it('gets progress under its own token, and log records only if it asks for them', async () => {
    await using hearth = await started();
    const { client } = hearth;
    const progress = await client.request('tools/call', { name: 'progress', arguments: { steps: 2 } }, { meta: { progressToken: 'mine' } });
    expect(progress.map(({ params }) => (params as Json | undefined)?.progressToken)).toEqual(['mine', 'mine', undefined]);
    const logs = async (meta: Json): Promise<unknown[]> =>
      (await client.request('tools/call', { name: 'log', arguments: { level: 'warning' } }, { meta })).map(({ method }) => method);
    const level = (name: string) => ({ 'io.modelcontextprotocol/logLevel': name });
    expect([await logs({}), await logs(level('info')), await logs(level('error'))]).toEqual([
      [undefined],
      ['notifications/message', undefined],
      [undefined],
    ]);
  });

  it('fails with the status that the specification gives its error, and others with 200', async () => {
    await using hearth = await started();
    const status = async (code: number): Promise<number> => (await hearth.client.post('tools/call', { name: 'error', arguments: { code } })).status;
    expect([await status(-32601), await status(-32021), await status(-32603), await status(-32050)]).toEqual([404, 400, 200, 200]);
  });

  it('reaches every server of a hub, by name', async () => {
    await using hearth = await started({ servers: { a: fixture(), b: fixture() } });
    const { client } = hearth;
    expect((await client.result('tools/list')).tools).toHaveLength(2 * 19);
    expect(await client.call('b__echo', { text: 'hub' })).toMatchObject({ content: [{ text: 'hub' }] });
    const asked = await ask(client, ELICIT, ALL, 'a__ask');
    expect(textOf(await answer(client, asked, ACCEPT, ELICIT, 'a__ask'))).toEqual(ACCEPT);
    expect(await client.result('server/discover')).toMatchObject({ _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'hearth' } } });
    expect((await client.post('tasks/list')).status).toBe(404);
  });

  it('shares one child of its own client where sessions have one each', async () => {
    await using hearth = await started({ servers: { fixture: fixture('', { policy: 'per-session' }) } });
    const { client } = hearth;
    const pids = await Promise.all([1, 2, 3].map(async () => textIn(await client.call('pid'))));
    expect(new Set(pids).size).toBe(1);
    const session = new RawHttp(`${hearth.url}/mcp`);
    await session.open();
    expect(await session.call(1, 'pid')).not.toBe(pids[0]);
  });

  it('is refused while hearth stops', async () => {
    await using hearth = await started();
    const slow = hearth.client.call('sleep', { ms: 500, text: 'last' });
    await until(() => hearth.app.busy);
    const stopped = hearth.app.stop();
    const response = await hearth.client.post('tools/list').catch(() => undefined); // or the socket is closed already
    if (response) expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('draining')]);
    expect(await slow).toMatchObject({ content: [{ text: 'last' }] });
    await stopped;
  });
});
