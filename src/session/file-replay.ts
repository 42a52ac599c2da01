import { HearthError, reasonOf } from '../errors.js';
import type { Log } from '../telemetry/log.js';
import { Journal } from './journal.js';
import type { JournalFolder } from './journal-folder.js';
import { lines, linesOf, replayLines } from './journal-lines.js';
import type { KeptStream, MemoryReplayStore } from './memory-replay.js';
import type { Kept, ReplayStore, Rest, StreamKind } from './replay.js';

/** A journal may be this many times as long as what its session may keep: escapes, and lines that matter no more. */
const LENGTH_FACTOR = 16;
/** Numbers that are left out after a restart: events may have reached the client that never reached the disk. */
const RESTART_GAP = 1_000_000;
const LOST = new HearthError(
  'child_exited',
  'hearth was restarted before this request was answered. Whether it was carried out is unknown; call again if that does no harm.',
);

export interface FileReplayOptions {
  readonly folder: JournalFolder;
  /** Bytes of events that one session may keep. */
  readonly maxBytes: number;
  readonly log: Log;
}

/** Keeps events in memory and in one journal for each session, so that they outlive the process. */
export class FileReplayStore implements ReplayStore {
  readonly #journals = new Map<string, { journal: Journal; path: string }>();
  readonly #ending = new Map<string, Promise<void>>();

  constructor(
    private readonly memory: MemoryReplayStore,
    private readonly options: FileReplayOptions,
  ) {}

  open(session: string, stream: string, kind: StreamKind, asked: readonly string[] = []): void {
    this.memory.open(session, stream, kind, asked);
    this.#write(session, lines.open(stream, kind, asked));
  }

  append(session: string, stream: string, event: Kept): boolean {
    const kept = this.memory.append(session, stream, event);
    if (kept) this.#write(session, lines.event(stream, event));
    return kept;
  }

  finish(session: string, stream: string): void {
    this.memory.finish(session, stream);
    this.#write(session, lines.finish(stream));
  }

  discard(session: string, stream: string): void {
    this.memory.discard(session, stream);
    this.#write(session, lines.discard(stream));
  }

  after(session: string, stream: string, seq: number): Rest | undefined {
    return this.memory.after(session, stream, seq);
  }

  /** Requests whose process has ended under them are answered with an error, so that nobody waits for ever. */
  async restore(session: string): Promise<void> {
    await this.#ending.get(session);
    const { folder, maxBytes } = this.options;
    const left = await folder.take(session, LENGTH_FACTOR * maxBytes);
    if (!left) return;
    replayLines(left.text, session, this.memory);
    for (const stream of this.memory.streams(session)) this.#afterRestart(session, stream);
    this.#journal(session, left.path).write('');
  }

  release(session: string, keep: boolean): void {
    const known = this.#journals.get(session);
    this.#journals.delete(session);
    if (!keep) this.memory.release(session);
    const ended = known ? known.journal.end(keep) : keep ? undefined : this.options.folder.forget(session);
    const ending = Promise.resolve(ended).then(() => {
      this.#ending.delete(session);
      if (!keep) return;
      this.memory.release(session); // not earlier: the journal may still be written from it
      if (known) this.options.folder.putBack(session, known.path);
    });
    this.#ending.set(session, ending);
  }

  sweep(now: number): void {
    this.memory.sweep(now);
    this.options.folder.sweep();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#ending.values(), ...[...this.#journals.values()].map(({ journal }) => journal.flush())]);
  }

  #afterRestart(session: string, { id, kind, asked, last }: KeptStream): void {
    let seq = last + RESTART_GAP;
    for (const answers of [...asked]) {
      const raw = `{"jsonrpc":"2.0","id":${answers},"error":${JSON.stringify(LOST.toObject())}}`;
      this.memory.append(session, id, { seq: seq++, raw, answers });
    }
    if (kind === 'get') this.memory.advance(session, id, seq);
    this.memory.finish(session, id);
  }

  #write(session: string, line: string): void {
    this.#journal(session, undefined).write(line);
  }

  #journal(session: string, path: string | undefined): Journal {
    const known = this.#journals.get(session);
    if (known) return known.journal;
    const { folder, maxBytes, log } = this.options;
    const own = path ?? folder.newPath();
    const journal = new Journal({
      path: own,
      limit: maxBytes,
      snapshot: () => [lines.session(session), ...this.memory.streams(session).flatMap(linesOf)],
      onError: (error) => log.warn('state_not_written', `events of a session will not survive a restart: ${reasonOf(error)}`, { session }),
    });
    this.#journals.set(session, { journal, path: own });
    return journal;
  }
}
