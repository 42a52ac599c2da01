import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileReplayStore } from '../../src/session/file-replay.js';
import { JournalFolder } from '../../src/session/journal-folder.js';
import { MemoryReplayStore } from '../../src/session/memory-replay.js';
import type { ReplayStore } from '../../src/session/replay.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { verifies } from '../acceptance/requirements.js';
import { until } from '../support/app.js';
import { recordedLog } from '../support/log.js';
import { TempFolder } from '../support/temp.js';

const session = randomUUID();
const limits = { maxEvents: 100, maxBytes: 10_000, maxTotal: 1_000_000, maxAge: 60_000 };

/** A store as a process has it; a second one on the same folder is the process after it. */
function process(folder: TempFolder): { store: ReplayStore; log: ReturnType<typeof recordedLog> } {
  const log = recordedLog();
  const memory = new MemoryReplayStore(limits, new Metrics('test'));
  return { store: new FileReplayStore(memory, { folder: new JournalFolder(folder.path, 60_000), maxBytes: limits.maxBytes, log: log.log }), log };
}

const files = (folder: TempFolder): string[] => readdirSync(join(folder.path, 'sessions'));

describe('events in a folder', () => {
  it('a process that was killed: what it sent is there, and what it did not answer is an error', async () => {
    using folder = new TempFolder();
    const before = process(folder).store;
    before.open(session, 'answered', 'post', ['1']);
    before.append(session, 'answered', { seq: 1, raw: '{"id":1}', answers: '1' });
    before.finish(session, 'answered');
    before.open(session, 'lost', 'post', ['9007199254740993', '"b"']);
    before.append(session, 'lost', { seq: 1, raw: '{"id":"b"}', answers: '"b"' });
    before.open(session, 'cancelled', 'post', ['3']);
    before.discard(session, 'cancelled');
    before.open(session, 'events', 'get');
    await before.close();
    const { store } = process(folder);
    await store.restore(session);
    expect(store.after(session, 'answered', 0)?.events.map(({ raw }) => raw)).toEqual(['{"id":1}']);
    // The client may have seen more than reached the disk.
    const rest = store.after(session, 'lost', 500);
    expect(rest?.events).toHaveLength(1);
    expect(rest?.events[0]?.raw).toMatch(/^\{"jsonrpc":"2.0","id":9007199254740993,"error":\{"code":-32000,.*restarted/);
    expect(store.after(session, 'cancelled', 0)?.events).toEqual([]);
    expect(store.after(session, 'events', 500)).toMatchObject({ kind: 'get', events: [] });
    expect(store.after(randomUUID(), 'answered', 0)).toBeUndefined();
    store.release(session, false);
    await store.close();
    await until(() => files(folder).length === 0);
  });

  it('are found again as often as a process ends', async () => {
    using folder = new TempFolder();
    for (let times = 1; times <= 3; times++) {
      const { store } = process(folder);
      await store.restore(session);
      store.open(session, `s${times}`, 'post');
      store.append(session, `s${times}`, { seq: 1, raw: '{}' });
      store.finish(session, `s${times}`);
      expect(['s1', 's2', 's3'].map((stream) => store.after(session, stream, 0)?.events.length)).toEqual(
        [1, 2, 3].map((n) => (n <= times ? 1 : undefined)),
      );
      store.release(session, true);
      await store.restore(session); // the same process: a recovery that failed is made again
      expect(store.after(session, 's1', 0)?.events).toHaveLength(1);
      store.release(session, true);
      await store.close();
      expect(files(folder)).toHaveLength(1);
    }
  });

  it(verifies(['W6.bounds'], 'take a bounded place on the disk'), async () => {
    using folder = new TempFolder();
    const { store } = process(folder);
    store.open(session, 'one', 'get');
    for (let seq = 1; seq <= 500; seq++) {
      store.append(session, 'one', { seq, raw: 'x'.repeat(500) });
      if (seq % 5 === 0) await store.close();
    }
    const [name] = files(folder);
    expect(statSync(join(folder.path, 'sessions', name as string)).size).toBeLessThan(5 * limits.maxBytes);
    for (let seq = 501; seq <= 600; seq++) store.append(session, 'one', { seq, raw: 'y'.repeat(500) }); // faster than any disk
    await store.close();
    const later = process(folder).store;
    await later.restore(session);
    expect(later.after(session, 'one', 599)?.events.map(({ raw }) => raw)).toEqual(['y'.repeat(500)]);
  });

  it('that cannot be written are in memory all the same, and the log says so once', async () => {
    using folder = new TempFolder();
    const { store, log } = process(folder);
    rmSync(join(folder.path, 'sessions'), { recursive: true });
    store.open(session, 'one', 'get');
    await store.close();
    store.append(session, 'one', { seq: 1, raw: '{}' });
    await store.close();
    expect(store.after(session, 'one', 0)?.events).toHaveLength(1);
    await until(() => log.records.length > 0);
    expect(log.records.map(({ event }) => event)).toEqual(['state_not_written']);
  });
});
