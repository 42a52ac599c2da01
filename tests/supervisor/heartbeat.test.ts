import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Heartbeat } from '../../src/supervisor/heartbeat.js';

const INTERVAL = 1_000;

/** A heartbeat whose pings are answered as `answer` says. */
function beating(interval = INTERVAL) {
  const seen = { pings: 0, unresponsive: 0, busy: false };
  const state = { answer: (): Promise<unknown> => Promise.reject(new Error('silence')) };
  const heartbeat = new Heartbeat(interval, {
    isBusy: () => seen.busy,
    ping: () => {
      seen.pings++;
      return state.answer();
    },
    onUnresponsive: () => {
      seen.unresponsive++;
    },
  });
  heartbeat.start();
  return { heartbeat, seen, state };
}
const pass = (intervals: number) => vi.advanceTimersByTimeAsync(intervals * INTERVAL);

describe('Heartbeat', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('calls a child dead after two pings in silence, not after one', async () => {
    const { seen, heartbeat } = beating();
    await pass(1);
    expect(seen).toMatchObject({ pings: 1, unresponsive: 0 });
    await pass(1);
    expect(seen).toMatchObject({ pings: 2, unresponsive: 1 });
    heartbeat.stop();
  });

  it('begins to count anew when something arrives', async () => {
    const { seen, heartbeat } = beating();
    await pass(1);
    heartbeat.seen();
    await pass(1);
    expect(seen).toMatchObject({ pings: 2, unresponsive: 0 });
    heartbeat.stop();
  });

  it('does not ping a child that was heard a moment ago', async () => {
    const { seen, heartbeat } = beating();
    await pass(0.9);
    heartbeat.seen();
    await pass(0.2);
    expect(seen.pings).toBe(0);
    heartbeat.stop();
  });

  it('takes an error for an answer when it came from the child', async () => {
    const { seen, state, heartbeat } = beating();
    state.answer = () => {
      heartbeat.seen();
      return Promise.reject(new Error('method not found'));
    };
    await pass(5);
    expect(seen).toMatchObject({ pings: 5, unresponsive: 0 });
    heartbeat.stop();
  });

  it('is content with answers', async () => {
    const { seen, state, heartbeat } = beating();
    state.answer = () => Promise.resolve({});
    await pass(5);
    expect(seen).toMatchObject({ pings: 5, unresponsive: 0 });
    heartbeat.stop();
  });

  it('does not ping a busy child, nor give up one that became busy meanwhile', async () => {
    const { seen, state, heartbeat } = beating();
    seen.busy = true;
    await pass(5);
    expect(seen.pings).toBe(0);
    seen.busy = false;
    state.answer = () => {
      seen.busy = seen.pings === 2;
      return Promise.reject(new Error('silence'));
    };
    await pass(2);
    expect(seen).toMatchObject({ pings: 2, unresponsive: 0 });
    heartbeat.stop();
  });

  it('says nothing of a ping that fails after the end, or after a new start', async () => {
    const { seen, state, heartbeat } = beating();
    await pass(1);
    let fail = (_: Error): void => {};
    state.answer = () => new Promise((_, reject) => (fail = reject));
    await pass(1);
    heartbeat.stop();
    await pass(1);
    fail(new Error('too late'));
    await pass(1);
    expect(seen).toMatchObject({ pings: 2, unresponsive: 0 });
  });

  it('can be turned off, and stopped twice', async () => {
    const { seen, heartbeat } = beating(0);
    await pass(10);
    expect(seen.pings).toBe(0);
    heartbeat.stop();
    heartbeat.stop();
  });
});
