import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { isAlive } from '../process/support.js';
import { until } from '../support/app.js';
import { failureOf, Supervised } from './support.js';

describe('starting', () => {
  it(verifies(['W5.ready'], 'shakes hands, lists the tools, and reports'), async () => {
    await using run = new Supervised('ask-roots');
    expect(run.supervisor.report()).toMatchObject({ state: 'idle', pid: undefined, restarts: 0, error: undefined });
    run.supervisor.start();
    run.supervisor.start();
    expect(run.supervisor.state).toBe('starting');
    await run.supervisor.whenReady();
    await run.supervisor.whenReady();
    expect(run.ready).toMatchObject([{ protocolVersion: '2025-11-25', capabilities: { logging: {} }, initialize: { instructions: 'Be kind.' } }]);
    expect(run.supervisor.handshake?.tools).toContainEqual(expect.objectContaining({ name: 'echo' }));
    expect(run.wire).toEqual(['initialize', 'notifications/initialized', 'tools/list']);
    // what the server asks because of `initialized` arrived before the start was over
    expect(run.messages).toMatchObject([{ kind: 'request', method: 'roots/list' }]);
    expect(run.supervisor.report()).toMatchObject({ state: 'ready', pid: run.supervisor.pid, uptimeSeconds: 0, error: undefined });
    expect(await run.counts.read('mcp_child_up')).toBe(1);
    expect(await run.counts.read('mcp_child_processes_expected')).toBe(1);
    expect(run.starts).toBe(1);
  });

  it('is begun by the first who needs it, once for all of them', async () => {
    await using run = new Supervised();
    await Promise.all(Array.from({ length: 50 }, () => run.supervisor.whenReady()));
    expect(run.starts).toBe(1);
    expect(await run.counts.read('mcp_child_processes_expected')).toBe(1);
  });

  it(verifies(['W5.start'], 'waits its full time for a start that was not asked for until late'), async () => {
    await using run = new Supervised('no-initialize', { readyWait: 300 });
    await delay(310); // more than that has passed since it was made
    const waiting = failureOf(run.supervisor.whenReady());
    expect(await Promise.race([waiting, delay(1, 'it waits')])).toBe('it waits');
    expect(await waiting).toMatchObject({ code: 'unavailable' });
  });

  it('tells its owner before it lets the waiting go on', async () => {
    await using run = new Supervised();
    const order: string[] = [];
    run.onReady = () => order.push('owner');
    await run.supervisor.whenReady().then(() => order.push('waiting'));
    expect(order).toEqual(['owner', 'waiting']);
  });

  it.each([
    ['does not answer', 'no-initialize', 'did not answer initialize within'],
    ['does not list its tools', 'no-tools-list', 'did not answer tools/list within'],
    ['answers with no version', 'bad-initialize', 'answered initialize without a protocol version'],
    ['answers with an error', 'error-initialize', 'error -32603: no'],
    ['exits at once', 'exit-at-start', 'exited with code 3'],
    ['exits while it is asked', 'die-in-initialize', 'exited with code 4'],
    // its input may be found closed before its exit is known
    ['exits when it is asked for its tools', 'die-after-initialize', /exited with code 5|process has ended/],
  ])('fails on a server that %s', async (_, modes, why) => {
    // the limit is short only where it has to be reached, and then long enough to get there
    const startTimeout = { 'no-initialize': 300, 'no-tools-list': 1_500 }[modes] ?? 20_000;
    await using run = new Supervised(modes, { startTimeout });
    const error = await failureOf(run.supervisor.whenReady());
    expect(error).toMatchObject({ code: 'unavailable', server: 'fixture', message: expect.stringMatching(why) });
    expect(run.ready).toEqual([]);
    expect(run.down.length).toBeGreaterThan(1); // one failure may be chance: the second ends the wait
    expect(run.supervisor.report()).toMatchObject({ error: expect.stringMatching(why) });
    expect(await run.counts.read('mcp_child_up')).toBe(0);
  });

  it('fails on an answer to itself that is too large, and says so', async () => {
    await using run = new Supervised('', { maxRestarts: 0 }, { maxMessage: 500 });
    await expect(run.supervisor.whenReady()).rejects.toThrow(/answer of \d+ bytes is larger than the limit/);
  });

  it('ends a child whose start failed before it starts the next', async () => {
    await using run = new Supervised('bad-initialize,ignore-eof', { maxRestarts: 1 }, { stop: { eofMs: 100, termMs: 2_000 } });
    run.supervisor.start();
    const pids = new Set<number>();
    await until(() => {
      const { pid, state } = run.supervisor;
      if (pid !== undefined) pids.add(pid);
      expect([...pids].filter(isAlive).length).toBeLessThanOrEqual(1);
      return state === 'failed';
    }, 20_000);
  });

  it.each([
    ['does not exist', { command: 'hearth-no-such-command' }, 'ENOENT'],
    ['cannot be run at all', { args: ['a\0b'] }, 'null bytes'],
  ])('gives up at once on a program that %s', async (_, options, why) => {
    await using run = new Supervised('', {}, options);
    const error = await failureOf(run.supervisor.whenReady());
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining(why) });
    expect(error).toMatchObject({ message: expect.stringContaining('hearth stopped restarting it') });
    expect(run.supervisor.state).toBe('failed');
    expect(run.records.filter(({ event, level }) => event === 'child_failed' && level === 'error')).toHaveLength(1);
    expect(await run.counts.read('mcp_child_restarts_total', { reason: 'spawn_error' })).toBe(1);
    expect(await run.counts.read('mcp_child_processes_expected')).toBe(0);
  });
});
