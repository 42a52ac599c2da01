import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { RawStream } from '../support/event-stream.js';
import type { Json } from '../support/raw-client.js';
import { RawStateless } from '../support/stateless.js';
import { metric, received, scratchFile } from '../support/wire.js';

const ID = 'io.modelcontextprotocol/subscriptionId';
const MODERN = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'modern.mjs');
const LISTS = ['tools', 'prompts', 'resources'];

async function started(servers: Parameters<typeof startApp>[0]['servers'], limits = {}) {
  const hearth = await startApp({ servers, limits });
  await untilReady(hearth.url);
  return Object.assign(hearth, { client: new RawStateless(`${hearth.url}/mcp`) });
}

/** Opens a listen and waits for its acknowledgement. */
async function listen(client: RawStateless, notifications: Json, id: unknown): Promise<RawStream> {
  const stream = await RawStream.of((signal) => client.post('subscriptions/listen', { notifications }, { signal }, id));
  return stream.count(1);
}

const emit = (client: RawStateless, method: string, params?: Json) => client.call('emit', { method, params });

describe('subscriptions/listen', () => {
  it(verifies(['W8.listen'], 'begins with what will be listened to, then carries that and nothing else'), async () => {
    await using hearth = await started({ old: fixture() });
    const { client } = hearth;
    const stream = await listen(
      client,
      { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['fixture://one'], other: true },
      'sub',
    );
    const honored = { toolsListChanged: true, resourceSubscriptions: ['fixture://one'] }; // the fixture's prompts never change
    expect(stream.messages[0]).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: honored, _meta: { [ID]: 'sub' } },
    });
    for (const kind of LISTS) await emit(client, `notifications/${kind}/list_changed`);
    await emit(client, 'notifications/resources/updated', { uri: 'fixture://other' });
    await emit(client, 'notifications/message', { level: 'error', data: 'x' });
    await emit(client, 'notifications/resources/updated', { uri: 'fixture://one', title: 'One' });
    await until(() => stream.messages.length >= 3);
    expect(stream.messages.slice(1)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: { [ID]: 'sub' } } },
      { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { _meta: { [ID]: 'sub' }, uri: 'fixture://one', title: 'One' } },
    ]);
    expect(await metric(hearth.url, 'mcp_stateless_waiting{kind="listen"}')).toBe(1);
    await stream.cut();
    await until(() => hearth.app.stateless.listens === 0);
  });

  it('keeps several of one client apart, by ids of any kind', async () => {
    await using hearth = await started({ old: fixture() });
    const streams = [await listen(hearth.client, { toolsListChanged: true }, 1), await listen(hearth.client, { toolsListChanged: true }, '1')];
    await emit(hearth.client, 'notifications/tools/list_changed');
    await Promise.all(streams.map((stream) => until(() => stream.messages.length === 2)));
    expect(streams.map(({ messages }) => messages[1]?.params)).toEqual([{ _meta: { [ID]: 1 } }, { _meta: { [ID]: '1' } }]);
  });

  it('gives its subscriptions up with its connection, and shares them while there are several', async () => {
    const journal = scratchFile();
    await using hearth = await started({ old: fixture('', { env: { FIXTURE_JOURNAL: journal } }) });
    const filter = { resourceSubscriptions: ['fixture://one'] };
    const streams = [await listen(hearth.client, filter, 1), await listen(hearth.client, filter, 2)];
    await until(async () => (await received(journal, 'resources/subscribe')).length >= 1);
    await streams[0]?.cut();
    await until(() => hearth.app.stateless.listens === 1);
    expect(await received(journal, 'resources/unsubscribe')).toEqual([]);
    await streams[1]?.cut();
    await until(async () => (await received(journal, 'resources/unsubscribe')).length === 1);
  });

  it('hears a server of its own era, and the same after that was restarted', async () => {
    await using hearth = await started({ modern: fixture('', { args: [MODERN] }) });
    const stream = await listen(hearth.client, { toolsListChanged: true, resourceSubscriptions: ['modern://one'] }, 7);
    for (const round of [1, 2]) {
      await hearth.client.call('change', { method: 'notifications/tools/list_changed', key: 'toolsListChanged' });
      await hearth.client.call('change', { method: 'notifications/resources/updated', uri: 'modern://one' });
      await until(() => stream.messages.length === 1 + 2 * round);
      await hearth.client.request('tools/call', { name: 'die', arguments: {} });
      await untilReady(hearth.url);
    }
    expect(new Set(stream.messages.map(({ params }) => ((params as Json)._meta as Json)[ID]))).toEqual(new Set([7]));
  });

  it('hears every server of a hub', async () => {
    await using hearth = await started({ a: fixture(), b: fixture('tools-change', { env: { FIXTURE_STARTS: scratchFile() } }) });
    const stream = await listen(hearth.client, { toolsListChanged: true, resourceSubscriptions: ['b+fixture://one'] }, 1);
    await hearth.client.call('b__emit', { method: 'notifications/resources/updated', params: { uri: 'fixture://one' } });
    await until(() => stream.messages.length === 2);
    expect(stream.messages[1]?.params).toMatchObject({ uri: 'b+fixture://one' });
    await hearth.client.request('tools/call', { name: 'b__die', arguments: {} });
    await until(() => stream.messages.some(({ method }) => method === 'notifications/tools/list_changed'));
  });

  it('ends at once when there is nothing to hear, and says so', async () => {
    await using hearth = await started({ old: fixture() });
    const messages = await hearth.client.request('subscriptions/listen', { notifications: { promptsListChanged: true } });
    expect(messages).toEqual([
      expect.objectContaining({ params: { notifications: {}, _meta: { [ID]: expect.anything() } } }),
      { jsonrpc: '2.0', id: expect.anything(), result: { resultType: 'complete', _meta: { [ID]: expect.anything() } } },
    ]);
  });

  it('ends with hearth, in a way that tells it from a lost connection', async () => {
    const hearth = await started({ old: fixture() });
    const stream = await listen(hearth.client, { toolsListChanged: true }, 5);
    await hearth.app.stop();
    await until(() => stream.ended);
    expect(stream.messages.at(-1)).toEqual({ jsonrpc: '2.0', id: 5, result: { resultType: 'complete', _meta: { [ID]: 5 } } });
  });

  it('is refused without a filter, and past the limit', async () => {
    await using hearth = await started({ old: fixture() }, { sessions: 1 });
    expect((await hearth.client.request('subscriptions/listen')).at(-1)?.error).toMatchObject({ code: -32602 });
    await listen(hearth.client, { toolsListChanged: true }, 1);
    const response = await hearth.client.post('subscriptions/listen', { notifications: { toolsListChanged: true } });
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('limits.sessions')]);
  });

  it('is a stream also where answers are plain JSON', async () => {
    const hearth = await startApp({ servers: { old: fixture() }, http: { jsonResponse: true } });
    await untilReady(hearth.url);
    const stream = await listen(new RawStateless(`${hearth.url}/mcp`), { toolsListChanged: true }, 1);
    expect(stream.messages).toHaveLength(1);
    await hearth.app.stop();
  });
});
