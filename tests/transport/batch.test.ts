import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { RawStream } from '../support/event-stream.js';
import { initialize, type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { metric, received, scratchFile } from '../support/wire.js';

const journal = scratchFile();
const REVISION = '2025-03-26';
let hearth: RunningApp;
let client: RawHttp;

beforeAll(async () => {
  hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) }, limits: { batch: 5 } });
  await untilReady(hearth.url);
});
afterAll(() => hearth[Symbol.asyncDispose]());
beforeEach(async () => {
  client = new RawHttp(`${hearth.url}/mcp`);
  await client.open({}, REVISION);
});

const call = (id: unknown, name: string, args: Json = {}, token?: unknown): Json => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, ...(token !== undefined && { _meta: { progressToken: token } }) },
});
const NOTE = { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 99, progress: 1 } };

/** What a refusal says. */
async function errorOf(response: Response): Promise<{ status: number; code: number; message: string }> {
  const { error } = (await response.json()) as { error: { code: number; message: string } };
  return { status: response.status, code: error.code, message: error.message };
}

describe('a batch', () => {
  it(verifies(['W8.batches'], 'of quick requests is answered by one array, each id as it was written'), async () => {
    const echo = (id: string): string => `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"text":"[,]\\"}"}}}`;
    const response = await client.post(
      ` [ ${echo('9007199254740993')}\n,${JSON.stringify(NOTE)} , ${echo('"a"')},{"jsonrpc":"2.0","id":1e0,"method":"ping"}]`,
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('mcp-session-id')).toBe(client.session);
    const text = await response.text();
    expect(text).toContain('"id":9007199254740993');
    const replies = JSON.parse(text) as Json[];
    expect(replies.map(({ id }) => id)).toEqual(expect.arrayContaining(['a', 1]));
    expect(replies).toHaveLength(3);
  });

  it('of notifications and responses alone is accepted with 202', async () => {
    const response = await client.post([NOTE, { jsonrpc: '2.0', id: 7, result: {} }]);
    expect(response.status).toBe(202);
    expect(await response.text()).toBe('');
  });

  it('that takes longer becomes a stream with an event for each response, and ends after the last', async () => {
    const stream = await RawStream.post(client, [
      call(1, 'sleep', { ms: 300 }),
      call(2, 'progress', { steps: 2 }, 'p'),
      call(3, 'echo', { text: 'a' }),
      { x: 1 },
    ]);
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
    await stream.end();
    expect(stream.kinds.filter((kind) => kind === 'notifications/progress')).toHaveLength(2);
    expect(stream.kinds.filter((kind) => kind !== 'notifications/progress').sort()).toEqual([1, 2, 3, null].sort());
    expect(stream.kinds.at(-1)).toBe(1);
    expect(stream.events.every(({ id, data }) => id !== undefined && data !== '')).toBe(true);
  });

  it('can be resumed when its stream is cut', async () => {
    const cut = await (await RawStream.post(client, [call(1, 'sleep', { ms: 400 }), call(2, 'progress', { steps: 1 }, 'p')])).count(2);
    await cut.cut();
    const rest = await (await RawStream.get(client, cut.last)).end();
    expect(rest.kinds).toEqual([1]);
  });

  it('answers each element that is no message by an error, and the others all the same', async () => {
    const response = await client.post('[1,{"jsonrpc":"2.0","id":{},"method":"ping"},{"jsonrpc":"2.0","id":5,"method":"ping"}]');
    expect(await response.json()).toMatchObject([
      { id: null, error: { code: -32600 } },
      { id: null, error: { code: -32600 } },
      { id: 5, result: {} },
    ]);
    expect(await (await client.post('[1]')).json()).toMatchObject([{ id: null, error: { code: -32600 } }]);
  });

  it('loses requests that are cancelled, and ends when no other is left', async () => {
    const before = (await received(journal, 'tools/call')).length;
    const pending = RawStream.post(client, [call('x', 'sleep', { ms: 60_000 }), call('y', 'sleep', { ms: 60_000 })]);
    await until(async () => (await received(journal, 'tools/call')).length === before + 2);
    for (const requestId of ['x', 'y']) await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
    const stream = await pending;
    if (stream.response.status === 200) expect((await stream.end()).messages).toEqual([]);
    else expect(stream.response.status).toBe(202);
  });

  it('ends with its session', async () => {
    const pending = client.post([call(1, 'sleep', { ms: 60_000 }), call(2, 'echo', { text: 'done' })]);
    await until(async () => (await metric(hearth.url, 'mcp_requests_in_flight')) > 0);
    await client.close();
    const text = await (await pending).text();
    expect(text).toContain('"code":-32001');
    expect(text).toContain('done');
  });

  it.each([
    ['an empty one', [], 'at least one message'],
    ['one with initialize', [initialize(1)], 'initialize must not be part of a batch'],
    ['too many messages', [NOTE, NOTE, NOTE, NOTE, NOTE, NOTE], 'limits.batch'],
  ])('is refused: %s', async (_what, body, text) => {
    expect(await errorOf(await client.post(body))).toMatchObject({ status: 400, code: -32600, message: expect.stringContaining(text) });
  });

  it('is refused when it is not JSON', async () => {
    expect(await errorOf(await client.post('[{"jsonrpc"'))).toMatchObject({ status: 400, code: -32700 });
  });

  it.each(['2025-06-18', '2025-11-25'])('is refused in a session of %s, whatever the header says', async (version) => {
    const other = new RawHttp(client.url);
    await other.open({}, version);
    const refused = await errorOf(await other.post([NOTE], { 'mcp-protocol-version': REVISION }));
    expect(refused).toMatchObject({ status: 400, code: -32600, message: expect.stringContaining('batches are not supported') });
  });
});

it('stateless: a batch stands alone, where the revision has batches or none is named', async () => {
  await using alone = await startApp({ servers: { fixture: fixture() }, http: { stateless: true } });
  await untilReady(alone.url);
  const batch = [call(1, 'echo', { text: 'a' }), NOTE];
  const stranger = new RawHttp(`${alone.url}/mcp`);
  for (const headers of [{}, { 'mcp-protocol-version': REVISION }]) {
    expect(await (await stranger.post(batch, headers as Record<string, string>)).json()).toMatchObject([{ id: 1, result: {} }]);
  }
  expect((await stranger.post(batch, { 'mcp-protocol-version': '2025-06-18' })).status).toBe(400);
  expect((await stranger.post([NOTE])).status).toBe(202);
  await until(() => alone.app.sessions.size === 0);
});

it('on /messages each response comes on the stream', async () => {
  const sse = await RawSse.open(`${hearth.url}/sse`);
  expect((await sse.send([NOTE])).status).toBe(400);
  await sse.initialize({}, REVISION);
  expect((await sse.send([call('s1', 'echo', { text: 'a' }), NOTE, 1, call('s2', 'sleep', { ms: 50 })])).status).toBe(202);
  await sse.until(() => sse.reply('s1') !== undefined && sse.reply('s2') !== undefined && sse.reply(null) !== undefined);
  sse.close();
});
