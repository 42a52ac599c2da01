import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { type Json, RawHttp, RawSse } from '../support/raw-client.js';
import { RawStateless } from '../support/stateless.js';
import { received, scratchFile } from '../support/wire.js';

async function started(journal = scratchFile()) {
  const hearth = await startApp({ servers: { fixture: fixture('tasks', { env: { FIXTURE_JOURNAL: journal } }) } });
  await untilReady(hearth.url);
  const open = async () => {
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    return client;
  };
  return Object.assign(hearth, { open });
}

/** Calls a tool as a task. @returns the task's id */
async function make(client: RawHttp): Promise<string> {
  const [reply] = await client.request(1, 'tools/call', { name: 'echo', arguments: { text: 'later' }, task: { ttl: 60_000 } });
  return (reply as { result: { task: { taskId: string } } }).result.task.taskId;
}

const idsOf = ([reply]: Json[]): unknown[] => (reply as { result: { tasks: Json[] } }).result.tasks.map(({ taskId }) => taskId);

describe('tasks of 2025-11-25', () => {
  it(verifies(['W8.tasks'], 'pass through, and are seen by who made them only'), async () => {
    await using hearth = await started();
    const [mine, other] = [await hearth.open(), await hearth.open()];
    const [taskId, theirs] = [await make(mine), await make(other)];
    expect(await mine.request(2, 'tasks/get', { taskId })).toMatchObject([{ result: { taskId, status: 'working' } }]);
    expect(await mine.request(3, 'tasks/result', { taskId })).toMatchObject([{ result: { content: [{ text: 'later' }] } }]);
    expect([idsOf(await mine.request(4, 'tasks/list')), idsOf(await other.request(4, 'tasks/list'))]).toEqual([[taskId], [theirs]]);
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
      expect(await other.request(5, method, { taskId })).toMatchObject([
        { error: { code: -32602, message: expect.stringContaining('has no task') } },
      ]);
    }
    expect(await mine.request(6, 'tasks/cancel', { taskId })).toMatchObject([{ result: { status: 'cancelled' } }]);
  });

  it('tell their owner alone how they are, and ask it alone', async () => {
    await using hearth = await started();
    const mine = await RawSse.open(`${hearth.url}/sse`);
    await mine.initialize({ elicitation: {} });
    const other = await hearth.open();
    const created = await mine.request(1, 'tools/call', { name: 'echo', arguments: {}, task: {} });
    const { taskId } = (created.result as Json).task as Json;
    const slow = other.call(7, 'sleep', { ms: 300 });
    await other.call(8, 'emit', { method: 'notifications/tasks/status', params: { taskId, status: 'input_required' } });
    await mine.until(() => mine.messages.some(({ method }) => method === 'notifications/tasks/status'));
    const related = { _meta: { 'io.modelcontextprotocol/related-task': { taskId } } };
    const answer = other.call(9, 'ask', { method: 'elicitation/create', params: { message: 'x', requestedSchema: {}, ...related } });
    await mine.until(() => mine.messages.some(({ method }) => method === 'elicitation/create'));
    await mine.send({ jsonrpc: '2.0', id: mine.messages.find(({ method }) => method === 'elicitation/create')?.id, result: { action: 'decline' } });
    expect(await answer).toContain('decline');
    await slow;
    mine.close();
  });

  it('are cancelled when their owner is gone', async () => {
    const journal = scratchFile();
    await using hearth = await started(journal);
    const client = await hearth.open();
    const taskId = await make(client);
    await client.close();
    await until(async () => (await received(journal, 'tasks/cancel')).length === 1);
    expect((await received(journal, 'tasks/cancel'))[0]?.params).toEqual({ taskId });
  });

  it('are not for requests without a session, nor for a hub, which both say so', async () => {
    await using hearth = await started();
    const client = new RawStateless(`${hearth.url}/mcp`);
    expect((await client.result('server/discover')).capabilities).not.toHaveProperty('tasks');
    expect((await client.request('tasks/get', { taskId: 'x' }, { headers: { 'Mcp-Name': 'x' } })).at(-1)?.error).toMatchObject({ code: -32601 });
    expect((await client.request('tools/call', { name: 'echo', task: {} })).at(-1)?.error).toMatchObject({ code: -32602 });
    await using hub = await startApp({ servers: { a: fixture('tasks'), b: fixture() } });
    await untilReady(hub.url);
    const session = new RawHttp(`${hub.url}/mcp`);
    expect((await session.open()).capabilities).not.toHaveProperty('tasks');
    expect(await session.request(1, 'tools/call', { name: 'a__echo', task: {} })).toMatchObject([
      { error: { message: expect.stringContaining('/servers/<name>/mcp') } },
    ]);
    expect(await session.request(2, 'tasks/list')).toMatchObject([{ error: { message: expect.stringContaining('/servers/<name>/mcp') } }]);
  });
});
