import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatSessionId, newSessionUuid, parseSessionId } from '../../src/session/session-id.js';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { RawStream } from '../support/event-stream.js';
import { initialize, type Json, RawHttp } from '../support/raw-client.js';
import { RawStateless } from '../support/stateless.js';
import { TempFolder } from '../support/temp.js';
import { bearer, type Keys, makeKeys } from './support.js';

const folder = new TempFolder();
let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys(folder);
});
afterAll(() => folder[Symbol.dispose]());

/** A client that sends its key with everything. */
class Keyed extends RawHttp {
  constructor(
    url: string,
    readonly key: string,
  ) {
    super(url);
  }

  override headers(extra: Record<string, string> = {}): Record<string, string> {
    return super.headers({ ...bearer(this.key), ...extra });
  }
}

const call = (id: unknown, name: string, args: Json = {}, token?: unknown): Json => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, ...(token !== undefined && { _meta: { progressToken: token } }) },
});

describe('a session of another', () => {
  it(verifies(['X.sessions'], 'is unknown: its stream cannot be resumed, nor its requests cancelled'), async () => {
    await using hearth = await startApp({ servers: { one: fixture() }, auth: { keysFile: keys.file } });
    await untilReady(hearth.url);
    const [owner, thief] = [new Keyed(`${hearth.url}/mcp`, keys.right), new Keyed(`${hearth.url}/mcp`, keys.other)];
    await owner.open();
    const stream = await (await RawStream.post(owner, call(1, 'progress', { steps: 2 }, 'p'))).end();
    thief.session = owner.session;
    const stolen = await RawStream.get(thief, stream.events[0]?.id);
    expect(stolen.response.status).toBe(404);
    expect((await thief.close()).status).toBe(404);
    for (const message of [call(2, 'echo'), { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }, initialize(1)]) {
      expect((await thief.post(message)).status).toBe(404);
    }
    expect((await (await RawStream.get(owner, stream.events[0]?.id)).end()).kinds).toEqual(['notifications/progress', 'notifications/progress', 1]);
  });

  it(verifies(['X.sessions'], 'is unknown after a restart too, whatever its id is made to say'), async () => {
    const config = { servers: { one: fixture() }, auth: { keysFile: keys.file }, state: { dir: folder.file('state') } };
    const first = await startApp(config);
    await untilReady(first.url);
    const owner = new Keyed(`${first.url}/mcp`, keys.right);
    await owner.open();
    const stream = await (await RawStream.post(owner, call(1, 'progress', { steps: 2 }, 'p'))).end();
    await first.app.stop();
    const port = Number(new URL(first.url).port);
    await using second = await startApp({ ...config, listen: { port } });
    await untilReady(second.url);
    const id = owner.session as string;
    const thief = new Keyed(`${second.url}/mcp`, keys.other);
    const thiefs = new Keyed(`${second.url}/mcp`, keys.other);
    await thiefs.open();
    const ticket = parseSessionId(id) as NonNullable<ReturnType<typeof parseSessionId>>;
    const { owner: own } = parseSessionId(thiefs.session as string) as typeof ticket;
    expect(own).not.toBe(ticket.owner);
    // As it is, with the thief's name on it, and with nobody's.
    for (const forged of [id, formatSessionId({ ...ticket, owner: own }), formatSessionId({ ...ticket, owner: '' })]) {
      thief.session = forged;
      expect((await thief.post(call(2, 'echo'))).status).toBe(404);
      expect((await RawStream.get(thief, stream.events[0]?.id)).response.status).toBe(404);
      expect((await thief.close()).status).toBe(404);
    }
    // While it is being recovered, too.
    thief.session = id;
    const [mine, theirs] = await Promise.all([owner.post(call(3, 'echo', { text: 'mine' })), thief.post(call(3, 'echo', { text: 'theirs' }))]);
    expect([mine.status, theirs.status]).toEqual([200, 404]);
    expect((await (await RawStream.get(owner, stream.events[0]?.id)).end()).kinds).toContain(1);
  });

  it('from before authentication was on is unknown to everybody', async () => {
    const first = await startApp({ servers: { one: fixture() } });
    await untilReady(first.url);
    const client = new RawHttp(`${first.url}/mcp`);
    await client.open();
    await first.app.stop();
    await using second = await startApp({
      servers: { one: fixture() },
      auth: { keysFile: keys.file },
      listen: { port: Number(new URL(first.url).port) },
    });
    expect((await client.post(call(1, 'echo'), bearer(keys.right))).status).toBe(404);
    expect((await second.app.sessions.size) === 0).toBe(true);
  });

  it('has an id that is bound to its owner', () => {
    const [one, other] = ['a'.repeat(22), 'b'.repeat(22)];
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } };
    const ticket = { uuid: newSessionUuid(one), prefix: '', owner: one, issuedAt: 1, params };
    expect(parseSessionId(formatSessionId(ticket))).toEqual(ticket);
    expect(parseSessionId(formatSessionId({ ...ticket, owner: other }))).toBeUndefined();
    expect(newSessionUuid(one)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
});

describe('requests of 2026-07-28', () => {
  it(verifies(['X.sessions'], 'a request that waits for input is unknown to another, from the same address too'), async () => {
    await using hearth = await startApp({ servers: { one: fixture() }, auth: { keysFile: keys.file } });
    await untilReady(hearth.url);
    const client = new RawStateless(`${hearth.url}/mcp`);
    const options = (key: string) => ({ capabilities: { elicitation: {} }, headers: bearer(key) });
    const asked = await client.call(
      'ask',
      { method: 'elicitation/create', params: { mode: 'form', message: 'your name?', requestedSchema: { type: 'object', properties: {} } } },
      options(keys.right),
    );
    expect(asked.resultType).toBe('input_required');
    const requests = asked.inputRequests as Json;
    const answers = {
      requestState: asked.requestState,
      inputResponses: Object.fromEntries(Object.keys(requests).map((key) => [key, { action: 'accept', content: {} }])),
    };
    const args = {
      method: 'elicitation/create',
      params: { mode: 'form', message: 'your name?', requestedSchema: { type: 'object', properties: {} } },
    };
    await expect(client.call('ask', args, { ...options(keys.other), answers })).rejects.toThrow('requestState');
    expect((await client.call('ask', args, { ...options(keys.right), answers })).resultType).toBe('complete');
  });

  it(verifies(['X.sessions'], 'children of one client are not shared with another principal at the same address'), async () => {
    await using hearth = await startApp({ servers: { one: fixture('', { policy: 'per-session' }) }, auth: { keysFile: keys.file } });
    await untilReady(hearth.url);
    const client = new RawStateless(`${hearth.url}/mcp`);
    const pid = async (key: string): Promise<string> => JSON.stringify((await client.call('pid', {}, { headers: bearer(key) })).content);
    const [mine, again, theirs] = [await pid(keys.right), await pid(keys.right), await pid(keys.other)];
    expect(again).toBe(mine);
    expect(theirs).not.toBe(mine);
  });

  it(verifies(['X.auth', 'X.sessions'], 'a listen ends with its key'), async () => {
    const brief = await keys.admin.add({ name: `brief-${Math.random()}`, servers: undefined, tools: undefined, lifetime: 2_000 });
    await using hearth = await startApp({ servers: { one: fixture() }, auth: { keysFile: keys.file } });
    await untilReady(hearth.url);
    const client = new RawStateless(`${hearth.url}/mcp`);
    const stream = await RawStream.of((signal) =>
      client.post('subscriptions/listen', { notifications: { toolsListChanged: true } }, { headers: bearer(brief), signal }),
    );
    await stream.count(1);
    await until(() => stream.ended, 5_000);
    expect(stream.messages.at(-1)).toMatchObject({ result: { resultType: 'complete' } });
  });
});
