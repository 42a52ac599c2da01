import { ConfigError } from './config/issues.js';
import type { Config } from './config/schema.js';
import { reasonOf } from './errors.js';
import { FileReplayStore } from './session/file-replay.js';
import { JournalFolder } from './session/journal-folder.js';
import { MemoryReplayStore } from './session/memory-replay.js';
import type { ReplayStore } from './session/replay.js';
import type { Log } from './telemetry/log.js';
import type { Metrics } from './telemetry/metrics.js';

/** Where the events of streams are kept: in memory, and in a folder if there is one. @throws ConfigError if it cannot be used */
export function replayStoreOf({ state, limits }: Config, metrics: Metrics, log: Log): ReplayStore {
  const { replayEvents: maxEvents, replayBytes: maxBytes, replayTotal: maxTotal, replayAge: maxAge } = limits;
  const memory = new MemoryReplayStore({ maxEvents, maxBytes, maxTotal, maxAge }, metrics);
  if (state.dir === undefined) return memory;
  return new FileReplayStore(memory, { folder: folderOf(state.dir, limits.sessionTimeout), maxBytes, log });
}

function folderOf(dir: string, maxAge: number): JournalFolder {
  try {
    return new JournalFolder(dir, maxAge);
  } catch (error) {
    throw new ConfigError(dir, [{ line: undefined, column: undefined, key: 'state.dir', message: `cannot be used: ${reasonOf(error)}` }]);
  }
}
