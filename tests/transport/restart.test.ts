import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.js';
import { formatSessionId, parseSessionId, type Ticket } from '../../src/session/session-id.js';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { RawStream } from '../support/event-stream.js';
import { recordedLog } from '../support/log.js';
import { type Json, RawHttp } from '../support/raw-client.js';
import { TempFolder } from '../support/temp.js';
import { metric } from '../support/wire.js';

const SERVERS = { servers: { fixture: fixture() } };
const call = (id: unknown, name: string, args: Json = {}, token?: unknown): Json => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, ...(token !== undefined && { _meta: { progressToken: token } }) },
});

/** A hearth that can be stopped, and started again at the same address. */
class Restartable implements AsyncDisposable {
  private constructor(
    private readonly config: ConfigInput,
    private running: RunningApp,
  ) {}

  static async start(config: ConfigInput): Promise<Restartable> {
    const hearth = new Restartable(config, await startApp(config));
    await untilReady(hearth.url);
    return hearth;
  }

  get url(): string {
    return this.running.url;
  }

  get app(): RunningApp['app'] {
    return this.running.app;
  }

  async restart(changes: Partial<ConfigInput> = {}, log = recordedLog().log): Promise<void> {
    await this.running.app.stop();
    this.running = await startApp({ ...this.config, ...changes, listen: { port: Number(new URL(this.url).port) } }, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.app.stop();
  }
}

describe('a session of /mcp', () => {
  it(verifies(['W6.restart'], 'goes on after a restart, recovered once by whatever comes first'), async () => {
    await using hearth = await Restartable.start(SERVERS);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const { log, records } = recordedLog();
    await hearth.restart({}, log);
    const texts = await Promise.all([1, 2, 3, 4].map((id) => client.call(id, 'echo', { text: `again ${id}` })));
    expect(texts).toEqual(['again 1', 'again 2', 'again 3', 'again 4']);
    expect(hearth.app.sessions.size).toBe(1);
    expect(await metric(hearth.url, 'mcp_sessions_recovered_total')).toBe(1);
    expect(records.filter(({ event }) => event === 'session_recovered')).toMatchObject([{ session: client.session?.slice(0, 36) }]);
    const stream = await (await RawStream.get(client)).count(1);
    await stream.cut();
    expect((await client.close()).status).toBe(200);
    expect((await client.post(call(5, 'echo'))).status).toBe(404);
  });

  it('has its own child again under policy per-session, with what its client can do', async () => {
    await using hearth = await Restartable.start({ servers: { own: fixture('', { policy: 'per-session' }) } });
    const [one, other] = [new RawHttp(`${hearth.url}/mcp`), new RawHttp(`${hearth.url}/mcp`)];
    await Promise.all([one.open({ roots: {} }), other.open()]);
    await hearth.restart();
    const pids = await Promise.all([one.call(1, 'pid'), other.call(1, 'pid'), one.call(2, 'pid')]);
    expect(pids[0]).toBe(pids[2]);
    expect(pids[0]).not.toBe(pids[1]);
    const asked = await (await RawStream.post(one, call(3, 'ask', { method: 'roots/list' }))).count(2);
    expect(asked.kinds).toEqual(['roots/list']);
    await asked.cut();
    expect(await other.call(3, 'ask', { method: 'roots/list' })).toContain('does not offer roots');
  });

  it('goes on at a hub, at its root and at each server, and at no other endpoint', async () => {
    await using hearth = await Restartable.start({ servers: { a: fixture(), b: fixture() } });
    const [root, bare] = [new RawHttp(`${hearth.url}/mcp`), new RawHttp(`${hearth.url}/servers/a/mcp`)];
    await Promise.all([root.open(), bare.open()]);
    await hearth.restart();
    const stray = new RawHttp(`${hearth.url}/servers/b/mcp`);
    for (const session of [root.session, bare.session]) {
      stray.session = session;
      expect((await stray.post(call(1, 'echo'))).status).toBe(404);
    }
    expect(await root.call(1, 'a__echo', { text: 'root' })).toBe('root');
    expect(await bare.call(1, 'echo', { text: 'bare' })).toBe('bare');
  });

  it('is gone when it was deleted, before or after the restart, or is too old, or its id is damaged', async () => {
    await using hearth = await Restartable.start(SERVERS);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await hearth.restart({ limits: { sessionMaxAge: '1h' } });
    const ticket = parseSessionId(client.session ?? '') as Ticket;
    const old = formatSessionId({ ...ticket, issuedAt: ticket.issuedAt - 3_600 });
    const elsewhere = formatSessionId({ ...ticket, prefix: '/servers/fixture' });
    const bogus = ['bogus', ticket.uuid, `${client.session}x`, client.session?.replace('.', '..') ?? '', old, elsewhere];
    for (const session of bogus) {
      const stray = new RawHttp(client.url);
      stray.session = session;
      expect({ session, status: (await stray.post(call(1, 'echo'))).status }).toEqual({ session, status: 404 });
      expect((await RawStream.get(stray)).response.status).toBe(404);
    }
    expect((await client.close()).status).toBe(200);
    expect((await client.close()).status).toBe(404);
    expect((await client.post(call(1, 'echo'))).status).toBe(404);
    expect(await metric(hearth.url, 'mcp_sessions_opened_total')).toBe(0);
  });

  it('cannot be opened a second time by another id of the same session', async () => {
    await using hearth = await Restartable.start(SERVERS);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const ticket = parseSessionId(client.session ?? '') as Ticket;
    const twin = new RawHttp(client.url);
    twin.session = formatSessionId({ ...ticket, issuedAt: ticket.issuedAt - 1 });
    expect((await twin.post(call(1, 'echo'))).status).toBe(404);
    expect(await client.call(1, 'echo', { text: 'only one' })).toBe('only one');
  });

  it('is not lost by a recovery that fails', async () => {
    await using hearth = await Restartable.start(SERVERS);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await hearth.restart({ servers: { fixture: fixture('', { readyWait: 50, env: { FIXTURE_START_DELAY: '600' } }) } });
    expect((await client.post(call(1, 'echo'))).status).toBe(503);
    expect(hearth.app.sessions.size).toBe(0);
    await untilReady(hearth.url);
    expect(await client.call(1, 'echo', { text: 'at last' })).toBe('at last');
  });

  it('counts for the limits when it is recovered', async () => {
    await using hearth = await Restartable.start(SERVERS);
    const [one, other] = [new RawHttp(`${hearth.url}/mcp`), new RawHttp(`${hearth.url}/mcp`)];
    await Promise.all([one.open(), other.open()]);
    await hearth.restart({ limits: { sessions: 1 } });
    expect(await one.call(1, 'echo', { text: 'first' })).toBe('first');
    expect((await other.post(call(1, 'echo'))).status).toBe(503);
  });
});

describe('with state.dir', () => {
  it('a stream that was cut is resumed after the restart, and a request that was lost is answered', async () => {
    using folder = new TempFolder();
    const config = { ...SERVERS, state: { dir: folder.path }, limits: { drain: 10 } };
    await using hearth = await Restartable.start(config);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const done = await (await RawStream.post(client, call(1, 'progress', { steps: 2 }, 'p'))).end();
    const lost = await (await RawStream.post(client, call(2, 'progress', { steps: 60_000, ms: 5 }, 'q'))).count(2);
    const events = await (await RawStream.get(client)).count(1);
    await client.call(3, 'log', { level: 'error', data: 'before' });
    await events.count(2);
    await lost.cut();
    const files = readdirSync(join(folder.path, 'sessions'));
    expect(files).toHaveLength(1);
    expect(files[0]).not.toContain(client.session?.slice(0, 36));
    expect(statSync(join(folder.path, 'sessions')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder.path, 'sessions', files[0] as string)).mode & 0o777).toBe(0o600);
    await hearth.restart();
    expect((await (await RawStream.get(client, done.events[1]?.id)).end()).kinds).toEqual(['notifications/progress', 1]);
    const rest = await (await RawStream.get(client, lost.last)).end();
    expect(rest.messages.at(-1)).toMatchObject({ id: 2, error: { code: expect.any(Number) } });
    const again = await (await RawStream.get(client, events.events[0]?.id)).count(1);
    expect(again.messages).toMatchObject([{ params: { data: 'before' } }]);
    await client.call(4, 'log', { level: 'error', data: 'after' });
    await again.count(2);
    expect(again.last.split('-')[0]).toBe(events.last.split('-')[0]);
    await again.cut();
    await client.close();
    await until(() => readdirSync(join(folder.path, 'sessions')).length === 0);
    expect(await metric(hearth.url, 'mcp_replay_bytes')).toBe(0);
  });

  it('files that nobody asked for are swept, and damaged ones do no harm', async () => {
    using folder = new TempFolder();
    const config = { ...SERVERS, state: { dir: folder.path } };
    await using hearth = await Restartable.start(config);
    const [kept, stale] = [new RawHttp(`${hearth.url}/mcp`), new RawHttp(`${hearth.url}/mcp`)];
    for (const client of [kept, stale]) {
      await client.open();
      await (await RawStream.post(client, call(1, 'progress', { steps: 1 }, 'p'))).end();
    }
    await hearth.app.stop();
    const sessions = join(folder.path, 'sessions');
    const own = readdirSync(sessions).map((name) => join(sessions, name));
    const old = own.find((path) => readText(path).includes(stale.session?.slice(0, 36) ?? '')) as string;
    utimesSync(old, new Date(0), new Date(0));
    const torn = own.find((path) => path !== old) as string;
    writeFileSync(torn, `${readText(torn)}{"on":"tor`);
    writeFileSync(join(sessions, `${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}.jsonl`), 'not a journal\n');
    writeFileSync(join(sessions, 'README'), 'not ours\n');
    await hearth.restart();
    await until(() => readdirSync(sessions).length === 2);
    expect(readdirSync(sessions)).toContain('README');
    expect(await kept.call(2, 'echo', { text: 'fine' })).toBe('fine');
  });

  it('a folder that cannot be used ends the start with the key', async () => {
    using folder = new TempFolder();
    const file = folder.write('file', '');
    await expect(startApp({ ...SERVERS, state: { dir: file } })).rejects.toThrow('state.dir');
  });
});

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

describe('the official clients', () => {
  it('1.x: calls go on across a restart, with the session that it had', async () => {
    await using hearth = await Restartable.start(SERVERS);
    const client = new ClientV1({ name: 'v1', version: '1' });
    const transport = new HttpV1(new URL(`${hearth.url}/mcp`));
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    const { sessionId } = transport;
    await hearth.restart();
    const result = await client.callTool({ name: 'echo', arguments: { text: 'v1' } });
    expect(result.content).toMatchObject([{ text: 'v1' }]);
    expect(transport.sessionId).toBe(sessionId);
    await client.close();
  });

  it('2.x: calls go on across a restart, with the session that it had', async () => {
    await using hearth = await Restartable.start(SERVERS);
    const client = new ClientV2({ name: 'v2', version: '1' });
    const transport = new HttpV2(new URL(`${hearth.url}/mcp`));
    await client.connect(transport);
    const { sessionId } = transport;
    await hearth.restart();
    const result = await client.callTool({ name: 'echo', arguments: { text: 'v2' } });
    expect(result.content).toMatchObject([{ text: 'v2' }]);
    expect(transport.sessionId).toBe(sessionId);
    await client.close();
  });

  it('1.x: a second client resumes the call of a first one by its token', async () => {
    await using hearth = await Restartable.start(SERVERS);
    const url = new URL(`${hearth.url}/mcp`);
    const first = new ClientV1({ name: 'first', version: '1' });
    const transport = new HttpV1(url);
    await first.connect(transport as Parameters<typeof first.connect>[0]);
    let token: string | undefined;
    const params = { name: 'progress', arguments: { steps: 20, ms: 30 } };
    const onresumptiontoken = (text: string): void => {
      token = text;
    };
    const lost = first.request({ method: 'tools/call', params }, CallToolResultSchema, { onresumptiontoken, onprogress: () => {} });
    lost.catch(() => {});
    await until(() => token !== undefined);
    const { sessionId } = transport;
    await first.close();
    await expect(lost).rejects.toThrow();
    const second = new ClientV1({ name: 'second', version: '1' });
    const resumed = new HttpV1(url, { sessionId: sessionId as string });
    await second.connect(resumed as Parameters<typeof second.connect>[0]);
    const result = await second.request({ method: 'tools/call', params }, CallToolResultSchema, { resumptionToken: token as string });
    expect(result.content).toMatchObject([{ text: 'done' }]);
    await second.close();
  });
});
