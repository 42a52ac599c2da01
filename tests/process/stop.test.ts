import { describe, expect, it } from 'vitest';
import { stopTree } from '../../src/process/stop.js';
import { verifies } from '../acceptance/requirements.js';
import { isAlive, shell, tree } from './support.js';

/** A rung that is never reached, or else the test takes too long. */
const LONG = 600_000;

describe('the stop ladder', () => {
  it('needs no more than the end of input for a server that follows the protocol', async () => {
    await using run = shell('cat; exit 5', { stop: { eofMs: LONG, termMs: LONG } });
    await run.child.stop();
    expect(run.exits).toMatchObject([{ code: 5 }]);
  });

  it('ends what ignores the end of input with SIGTERM', async () => {
    const { started } = await tree(['ignore-eof'], { stop: { eofMs: 50, termMs: LONG } });
    await started.child.stop();
    expect(started.exits).toMatchObject([{ signal: 'SIGTERM' }]);
  });

  it(verifies(['W5.stop'], 'ends what ignores SIGTERM with SIGKILL'), async () => {
    const { started } = await tree(['ignore-eof', 'ignore-term'], { stop: { eofMs: 50, termMs: 50 } });
    await started.child.stop();
    expect(started.exits).toMatchObject([{ signal: 'SIGKILL' }]);
  });

  it.each([
    ['a grandchild in its group', ['child']],
    ['a grandchild in its group that ignores SIGTERM', ['child', 'stray-ignores-term']],
    ['a grandchild in a session of its own', ['setsid']],
    ['a double-forked stray', ['double-fork']],
    ['a double-forked stray that ignores SIGTERM', ['double-fork', 'stray-ignores-term']],
    ['all of them, under a program that must be killed', ['child', 'setsid', 'double-fork', 'stray-ignores-term', 'ignore-eof', 'ignore-term']],
    ['all of them, holding its outputs', ['child', 'setsid', 'double-fork', 'stray-ignores-term', 'stray-holds-output']],
  ])('leaves nothing of %s', async (_, modes) => {
    const { started, pids } = await tree(modes, { stop: { eofMs: 300, termMs: 300 } });
    expect(pids).not.toHaveLength(0);
    expect(pids.filter(isAlive)).toEqual(pids);
    await started.child.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(started.exits).toHaveLength(1);
  });

  it('does not kill strays that end by themselves on SIGTERM', async () => {
    const { started, pids } = await tree(['setsid'], { stop: { eofMs: LONG, termMs: LONG } });
    await started.child.stop();
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('leaves the processes of others alone', async () => {
    const other = await tree(['child', 'double-fork']);
    await using stays = other.started;
    const { started } = await tree(['child', 'double-fork']);
    await started.child.stop();
    expect(other.pids.filter(isAlive)).toEqual(other.pids);
    expect(stays.exits).toEqual([]);
  });

  it('is the same stop however often it is asked for', async () => {
    await using run = shell('cat');
    expect(run.child.stop()).toBe(run.child.stop());
    await run.child.stop();
    expect(run.exits).toHaveLength(1);
  });

  it('has nothing to do for what never started, and does not mind what is gone already', async () => {
    const gone = { exited: new Promise<void>(() => {}), marker: 'none', ladder: { eofMs: 1, termMs: 1 }, endInput: () => {} };
    await stopTree({ ...gone, pid: undefined });
    await using run = shell('exit 0');
    await run.exited;
    let ended = (): void => {};
    const exited = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const stopping = stopTree({ ...gone, pid: run.child.pid, exited });
    setTimeout(ended, 100); // later than both rungs: both signals go to nobody
    await stopping;
  });
});
