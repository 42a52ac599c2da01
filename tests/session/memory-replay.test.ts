import { expect, it } from 'vitest';
import { MemoryReplayStore } from '../../src/session/memory-replay.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { verifies } from '../acceptance/requirements.js';

it(verifies(['W6.bounds'], 'what is kept for all sessions has a limit: the least active give theirs up'), () => {
  const store = new MemoryReplayStore({ maxEvents: 100, maxBytes: 10_000, maxTotal: 3_000, maxAge: 60_000 }, new Metrics('test'));
  const raw = 'x'.repeat(600);
  const kept = (session: string): number => store.after(session, 's', 0)?.events.length ?? -1;
  for (const session of ['a', 'b', 'c']) {
    store.open(session, 's', 'get');
    store.append(session, 's', { seq: 1, raw });
  }
  expect(['a', 'b', 'c'].map(kept)).toEqual([1, 1, 1]);
  store.append('a', 's', { seq: 2, raw });
  expect(['a', 'b', 'c'].map(kept)).toEqual([2, 0, 1]);
  for (const seq of [3, 4, 5]) store.append('a', 's', { seq, raw });
  expect(['a', 'b', 'c'].map(kept)).toEqual([5, 0, 0]); // the one that is active keeps what its own limit allows
  for (const session of ['a', 'b', 'c']) store.release(session);
});
