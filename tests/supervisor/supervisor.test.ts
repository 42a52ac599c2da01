import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { HearthError } from '../../src/errors.js';
import { verifies } from '../acceptance/requirements.js';
import { isAlive } from '../process/support.js';
import { until } from '../support/app.js';
import { failureOf, Supervised } from './support.js';

const HANDSHAKE = ['initialize', 'notifications/initialized', 'tools/list'];

/** An answer that will do for initialize, and for a list of no tools. */
const initialized = (id: number) => JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} } } });

describe('restarting', () => {
  it('starts a server that died anew, and plays the handshake again', async () => {
    await using run = new Supervised('tools-change', { backoffMin: 300, backoffMax: 300 });
    await run.supervisor.whenReady();
    const [before, first] = [run.supervisor.pid, run.supervisor.handshake];
    run.call('die', { code: 6 });
    await until(() => run.down.length > 0);
    expect(run.supervisor.state).toBe('backoff');
    expect(run.supervisor.handshake).toBe(first); // new sessions do not notice
    expect(run.supervisor.report()).toMatchObject({ error: 'its process exited with code 6', lastWords: 'fixture server started' });
    expect(run.down).toMatchObject([{ code: 'child_exited', server: 'fixture', message: expect.stringContaining('exited with code 6') }]);
    expect(await run.counts.read('mcp_child_up')).toBe(0);
    await run.supervisor.whenReady();
    expect(run.supervisor.pid).not.toBe(before);
    expect(run.wire).toEqual([...HANDSHAKE, 'tools/call', ...HANDSHAKE]);
    expect(run.supervisor.handshake?.tools).toHaveLength((first?.tools.length ?? 0) + 1);
    expect(run.ready).toHaveLength(2);
    expect(run.supervisor.report()).toMatchObject({ restarts: 1, error: undefined, lastWords: undefined });
    expect(await run.counts.read('mcp_child_up')).toBe(1);
    expect(await run.counts.read('mcp_child_processes_expected')).toBe(1);
  });

  it('never uses an id twice, whatever the number of restarts', async () => {
    await using run = new Supervised();
    await run.supervisor.whenReady();
    const id = run.call('die', { signal: 'SIGKILL' });
    await until(() => run.ready.length === 2);
    expect(run.supervisor.nextId()).toBeGreaterThan(id + 1);
    expect(await run.counts.read('mcp_child_restarts_total', { reason: 'signal' })).toBe(1);
  });

  it('lets calls wait over one failed start', async () => {
    await using run = new Supervised('exit-first');
    await run.supervisor.whenReady();
    expect(run.starts).toBe(2);
    expect(run.down).toHaveLength(1);
  });

  it(verifies(['W5.intensity', 'W5.failed'], 'gives up when restarting does not help, and fails calls at once from then on'), async () => {
    await using run = new Supervised('exit-at-start', { maxRestarts: 2 });
    run.supervisor.start();
    await run.untilState('failed');
    expect(run.starts).toBe(3);
    expect(await failureOf(run.supervisor.whenReady())).toMatchObject({ message: expect.stringContaining('(failed)') });
    expect(run.records.filter(({ event }) => event === 'child_down')).toHaveLength(2);
    expect(run.supervisor.report()).toMatchObject({ state: 'failed', restarts: 3 });
  });

  it('tries a failed server again when it is reset by hand', async () => {
    await using run = new Supervised('exit-first', { maxRestarts: 0 });
    await failureOf(run.supervisor.whenReady());
    expect(run.supervisor.state).toBe('failed');
    run.supervisor.reset();
    await run.supervisor.whenReady();
    run.supervisor.reset(); // a server that works is left alone
    expect(run.supervisor.state).toBe('ready');
    expect(run.starts).toBe(2);
  });

  it('tries a failed server again by itself after a while', async () => {
    await using run = new Supervised('exit-first', { maxRestarts: 0, retryFailed: 200 });
    await failureOf(run.supervisor.whenReady());
    await run.untilState('ready');
    expect(run.starts).toBe(2);
  });

  it('ends a backoff when it is reset', async () => {
    await using run = new Supervised('exit-first', { backoffMin: 600_000, backoffMax: 600_000 });
    run.supervisor.start();
    await run.untilState('backoff');
    run.supervisor.reset();
    await run.supervisor.whenReady();
  });

  it('begins one start only, however often it is reset while the last child is still being ended', async () => {
    const options = { stop: { eofMs: 300, termMs: 2_000 } };
    await using run = new Supervised('bad-initialize,ignore-eof', { maxRestarts: 0 }, options);
    run.supervisor.start();
    await run.untilState('failed');
    for (let n = 0; n < 3; n++) run.supervisor.reset();
    expect(run.supervisor.state).toBe('starting');
    await run.untilState('failed');
    expect(run.starts).toBe(2);
  });
});

describe('whenReady', () => {
  it('waits no longer than its limit for a start', async () => {
    await using run = new Supervised('no-initialize', { readyWait: 200 });
    expect(await failureOf(run.supervisor.whenReady())).toMatchObject({
      code: 'unavailable',
      message: 'Server "fixture" is not available (starting): it has not become ready yet; hearth is restarting it; try again.',
    });
    expect(run.supervisor.state).toBe('starting');
    expect(await failureOf(run.supervisor.whenReady())).toBeInstanceOf(HearthError); // the outage's time is up: no wait at all
  });

  it('fails at once in a second backoff in a row', async () => {
    await using run = new Supervised('exit-at-start', { backoffMin: 150, backoffMax: 600_000, maxRestarts: 100 });
    await failureOf(run.supervisor.whenReady());
    await run.untilState('backoff');
    expect(await failureOf(run.supervisor.whenReady())).toMatchObject({ message: expect.stringContaining('(backoff)') });
  });
});

describe('messages', () => {
  it('from the server go to the owner, except answers to the supervisor', async () => {
    await using run = new Supervised('string-ids');
    await run.supervisor.whenReady();
    expect(await run.supervisor.ask('ping', undefined, 10_000)).toEqual({});
    expect(run.messages).toEqual([]);
    const id = run.call('emit', { method: 'notifications/message', params: { level: 'info' } });
    await until(() => run.messages.length === 2);
    expect(run.messages).toMatchObject([
      { kind: 'notification', method: 'notifications/message' },
      { kind: 'response', id },
    ]);
  });

  it('that are too large are reported to the owner', async () => {
    await using run = new Supervised('', {}, { maxMessage: 10_000 });
    await run.supervisor.whenReady();
    const id = run.call('big', { bytes: 20_000 });
    run.call('raw', { line: `${JSON.stringify({ id: 'x', method: 'y', text: 'z'.repeat(20_000) })}\n` });
    await until(() => run.oversized.length === 2);
    expect(run.oversized).toMatchObject([
      { id, hasMethod: false },
      { id: 'x', hasMethod: true },
    ]);
    expect(run.supervisor.state).toBe('ready');
  });

  it('cannot be sent when there is no server', async () => {
    await using run = new Supervised();
    expect(() => run.supervisor.send('{}')).toThrow('Server "fixture" is not available (idle)');
    expect(await failureOf(run.supervisor.ask('ping', undefined, 1_000))).toMatchObject({ code: 'unavailable' });
  });
});

describe('stopping', () => {
  it('ends the child, fails who waits and who asks, and does so once', async () => {
    await using run = new Supervised('deaf');
    await run.supervisor.whenReady();
    const pid = run.supervisor.pid ?? Number.NaN;
    const asked = failureOf(run.supervisor.ask('ping', undefined, 60_000));
    await Promise.all([run.supervisor.stop(), run.supervisor.stop()]);
    expect(isAlive(pid)).toBe(false);
    expect(await asked).toMatchObject({ code: 'draining' });
    expect(run.down).toMatchObject([{ code: 'draining' }]);
    expect(await failureOf(run.supervisor.whenReady())).toMatchObject({ message: expect.stringContaining('(stopped)') });
    run.supervisor.start();
    run.supervisor.reset();
    expect(run.supervisor.state).toBe('stopped');
    expect(await run.counts.read('mcp_child_up')).toBe(0);
    expect(await run.counts.read('mcp_child_processes_expected')).toBe(0);
    expect(await run.counts.read('mcp_child_restarts_total')).toBe(0);
  });

  it('ends a start', async () => {
    await using run = new Supervised('no-initialize');
    const waiting = failureOf(run.supervisor.whenReady());
    await until(() => run.supervisor.pid !== undefined);
    const pid = run.supervisor.pid ?? Number.NaN;
    await run.supervisor.stop();
    expect(await waiting).toMatchObject({ code: 'draining' });
    expect(isAlive(pid)).toBe(false);
    expect(run.supervisor.state).toBe('stopped');
  });

  it('ends a start that has not got as far as a process', async () => {
    await using run = new Supervised();
    run.supervisor.start();
    await run.supervisor.stop();
    expect(run.supervisor).toMatchObject({ state: 'stopped', pid: undefined });
    expect(run.starts).toBe(0);
  });

  it('ends a backoff', async () => {
    await using run = new Supervised('exit-at-start', { backoffMin: 250, backoffMax: 250 });
    run.supervisor.start();
    await run.untilState('backoff');
    const { starts } = run;
    await run.supervisor.stop();
    await delay(400);
    expect(run.starts).toBe(starts);
  });

  it('takes nothing more from a child that is being ended', async () => {
    await using run = new Supervised('ignore-eof', {}, { maxMessage: 10_000, stop: { eofMs: 1_000, termMs: 5_000 } });
    await run.supervisor.whenReady();
    run.call('echo', { text: 'late' });
    run.call('big', { bytes: 20_000 });
    await run.supervisor.stop();
    expect(run.wire).toHaveLength(HANDSHAKE.length + 2);
    expect(run).toMatchObject({ messages: [], oversized: [] });
  });

  it.each([
    ['answer to initialize', 1, 'read -r initialize;'],
    ['list of tools', 2, `read -r initialize; echo '${initialized(1)}'; read -r confirmed; read -r list;`],
  ])('wins over the %s when both come in the same moment', async (_, id, before) => {
    // printf writes both lines at once, so that the second is there before the first has had its effect
    const script = `${before} printf '%s\\n%s\\n' '${initialized(id)}' '{"jsonrpc":"2.0","method":"notifications/hello"}'; cat`;
    await using run = new Supervised('', {}, { command: 'sh', args: ['-c', script] });
    run.onMessage = () => void run.supervisor.stop();
    expect(await failureOf(run.supervisor.whenReady())).toMatchObject({ code: 'draining' });
    await run.supervisor.stop();
    expect(run).toMatchObject({ ready: [], supervisor: { state: 'stopped' } });
  });
});

describe('heartbeat', () => {
  it(verifies(['W5.ping'], 'restarts an idle server that is deaf'), async () => {
    await using run = new Supervised('deaf', { heartbeatInterval: 40, heartbeatTimeout: 60 });
    await run.supervisor.whenReady();
    await until(() => run.down.length > 0);
    expect(run.down).toMatchObject([{ message: expect.stringContaining('no longer answers pings') }]);
    expect(await run.counts.read('mcp_child_restarts_total', { reason: 'unresponsive' })).toBeGreaterThan(0);
    await until(() => run.ready.length > 1);
  });

  it(verifies(['W5.ping'], 'leaves a server alone that is busy, however long it is silent'), async () => {
    await using run = new Supervised('deaf', { heartbeatInterval: 20, heartbeatTimeout: 20 });
    run.busy = true;
    await run.supervisor.whenReady();
    run.call('block', { ms: 400 });
    await until(() => run.messages.length === 1);
    expect(run.down).toEqual([]);
    expect(run.wire.filter((method) => method === 'ping')).toEqual([]);
  });

  it('pings a quiet server that answers, and does no more', async () => {
    await using run = new Supervised('', { heartbeatInterval: 40, heartbeatTimeout: 10_000 });
    await run.supervisor.whenReady();
    await until(() => run.wire.filter((method) => method === 'ping').length > 3);
    expect(run).toMatchObject({ down: [], messages: [] });
  });
});
