import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { type Json, RawHttp, RawSse, textOf } from '../support/raw-client.js';
import { received, scratchFile } from '../support/wire.js';

const ALL = { sampling: {}, elicitation: {}, roots: {} };

async function client(url: string, capabilities: Json = ALL): Promise<RawSse> {
  const opened = await RawSse.open(`${url}/sse`);
  await opened.initialize(capabilities);
  return opened;
}

/** Calls the tool that asks the client something; resolves with the question. */
async function asked(from: RawSse, id: number, method: string, params?: Json): Promise<Json> {
  const before = from.messages.length;
  await from.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'ask', arguments: { method, params } } });
  const question = (): Json | undefined => from.messages.slice(before).find((message) => message.method === method);
  await from.until(() => question() !== undefined);
  return question() as Json;
}

describe('a request of the server', () => {
  it(verifies(['RULE5'], 'goes to the one session whose request is in flight, and its answer goes back'), async () => {
    for (const modes of ['', 'string-ids']) {
      await using hearth = await startApp({ servers: { fixture: fixture(modes) } });
      await untilReady(hearth.url);
      const [idle, active] = [await client(hearth.url), await client(hearth.url)];
      for (const method of ['sampling/createMessage', 'elicitation/create', 'roots/list', 'custom/method']) {
        const question = await asked(active, 1, method, { deep: { a: [1, 2] } });
        expect(question.params).toEqual({ deep: { a: [1, 2] } });
        await active.send({ jsonrpc: '2.0', id: question.id, result: { answered: method } });
        await active.until(() => active.reply(1) !== undefined);
        expect(textOf(active.reply(1))).toBe(JSON.stringify({ answered: method }));
        active.messages.length = 0;
      }
      expect(idle.messages.filter((message) => message.method !== undefined)).toEqual([]);
      idle.close();
      active.close();
    }
  });

  it('rides on the response of the request that caused it on /mcp', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const http = new RawHttp(`${hearth.url}/mcp`);
    await http.open(ALL);
    const response = await http.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ask', arguments: { method: 'roots/list' } } });
    const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('roots/list')) text += (await reader.read()).value;
    const question = JSON.parse(/data: (.*)/.exec(text)?.[1] ?? '') as Json;
    expect((await http.post({ jsonrpc: '2.0', id: question.id, result: { roots: [] } })).status).toBe(202);
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    expect(text).toContain('\\"roots\\":[]');
  });

  it('passes a refusal of the client on', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const active = await client(hearth.url);
    const question = await asked(active, 1, 'sampling/createMessage');
    await active.send({ jsonrpc: '2.0', id: question.id, error: { code: -1, message: 'User rejected' } });
    await active.until(() => active.reply(1) !== undefined);
    expect(textOf(active.reply(1))).toContain('User rejected');
    active.close();
  });

  it('is refused when the client did not offer the capability', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const bare = await client(hearth.url, {});
    for (const method of ['sampling/createMessage', 'elicitation/create', 'roots/list']) {
      expect(await bare.call(method, 'ask', { method })).toContain('-32601');
    }
    bare.close();
  });

  it(verifies(['RULE5'], 'is refused when requests of several sessions are in flight'), async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const [a, b] = [await client(hearth.url), await client(hearth.url)];
    const busy = a.call(1, 'sleep', { ms: 300 });
    expect(await b.call(1, 'ask', { method: 'sampling/createMessage' })).toContain('requests of 2 clients are in flight');
    await busy;
    for (const one of [a, b]) {
      expect(one.messages.some(({ method }) => method === 'sampling/createMessage')).toBe(false);
      one.close();
    }
  });

  it('is refused when nobody asked for anything: roots during the handshake', async () => {
    const journal = scratchFile();
    await using hearth = await startApp({ servers: { fixture: fixture('ask-roots', { env: { FIXTURE_JOURNAL: journal } }) } });
    await untilReady(hearth.url);
    await until(async () => (await received(journal)).some(({ error }) => JSON.stringify(error ?? '').includes('no client request is in flight')));
  });

  it('is answered by hearth when it is a ping', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const active = await client(hearth.url, {});
    expect(await active.call(1, 'ask', { method: 'ping' })).toBe('{}');
    active.close();
  });

  it('ends with an error when the client leaves, does not answer in time, or has too many', async () => {
    const journal = scratchFile();
    const env = { FIXTURE_JOURNAL: journal };
    await using hearth = await startApp({ servers: { fixture: fixture('', { env }) }, limits: { asked: 1, requestTimeout: 400 } });
    await untilReady(hearth.url);
    const answered = async (text: string): Promise<boolean> => JSON.stringify(await received(journal)).includes(text);
    const first = await client(hearth.url);
    await asked(first, 1, 'sampling/createMessage');
    await first.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'ask', arguments: { method: 'roots/list' } } });
    await until(() => answered('has not answered 1 earlier questions'));
    await until(() => answered('did not answer within 400 ms'));
    first.close();
    const second = await client(hearth.url);
    await asked(second, 1, 'sampling/createMessage');
    second.close();
    await until(() => answered('The client left before it answered'));
  });

  it('has its progress and its cancellation translated', async () => {
    const journal = scratchFile();
    await using hearth = await startApp({ servers: { fixture: fixture('string-ids', { env: { FIXTURE_JOURNAL: journal } }) } });
    await untilReady(hearth.url);
    const active = await client(hearth.url);
    const question = await asked(active, 1, 'sampling/createMessage', { _meta: { progressToken: 'theirs' } });
    expect(question.params).toEqual({ _meta: { progressToken: question.id } });
    await active.send({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: question.id, progress: 1 } });
    await active.send({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 77, progress: 1 } });
    await until(async () => (await received(journal, 'notifications/progress')).length === 1);
    expect((await received(journal, 'notifications/progress'))[0]?.params).toEqual({ progressToken: 'theirs', progress: 1 });
    for (const requestId of ['ask-0', 'ask-99']) await active.call(requestId, 'emit', { method: 'notifications/cancelled', params: { requestId } });
    await active.until(() => active.messages.some(({ method }) => method === 'notifications/cancelled'));
    expect(active.messages.find(({ method }) => method === 'notifications/cancelled')?.params).toEqual({ requestId: question.id });
    await active.send({ jsonrpc: '2.0', id: question.id, result: {} });
    active.close();
  });

  it('is withdrawn when the server dies', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const active = await client(hearth.url);
    const question = await asked(active, 1, 'sampling/createMessage');
    await active.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'die' } });
    await active.until(() => active.messages.some(({ method }) => method === 'notifications/cancelled'));
    expect(active.messages.find(({ method }) => method === 'notifications/cancelled')?.params).toMatchObject({ requestId: question.id });
    expect(active.reply(1)?.error).toBeDefined();
    active.close();
  });
});

describe('other notifications of the server', () => {
  it('reach the session in flight, or nobody', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const [a, b] = [await client(hearth.url), await client(hearth.url)];
    await a.call(1, 'emit', { method: 'notifications/custom', params: { n: 1 } });
    await a.until(() => a.messages.some(({ method }) => method === 'notifications/custom'));
    const busy = a.call(2, 'sleep', { ms: 200 });
    await b.call(1, 'emit', { method: 'notifications/custom', params: { n: 2 } });
    await busy;
    expect([...a.messages, ...b.messages].filter(({ method }) => method === 'notifications/custom')).toHaveLength(1);
    a.close();
    b.close();
  });

  it('of clients reach a shared server, except their roots', async () => {
    const journal = scratchFile();
    await using hearth = await startApp({ servers: { fixture: fixture('', { env: { FIXTURE_JOURNAL: journal } }) } });
    await untilReady(hearth.url);
    const one = await client(hearth.url);
    for (const method of ['notifications/roots/list_changed', 'notifications/custom']) await one.send({ jsonrpc: '2.0', method });
    await until(async () => (await received(journal, 'notifications/custom')).length === 1);
    expect(await received(journal, 'notifications/roots/list_changed')).toEqual([]);
    expect(await received(journal, 'notifications/initialized')).toHaveLength(1);
    one.close();
  });
});
