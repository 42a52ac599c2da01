import { isObject, type JsonObject } from '../protocol/message.js';
import type { KeptStream, MemoryReplayStore } from './memory-replay.js';
import type { Kept, StreamKind } from './replay.js';

/** The lines of a journal, one for each thing that happens to a stream. */
export const lines = {
  /** The first line: file names say nothing of the session. */
  session: (session: string): string => JSON.stringify({ session }),
  open: (stream: string, kind: StreamKind, asked: readonly string[]): string => JSON.stringify({ open: stream, kind, asked }),
  event: (stream: string, { seq, raw, answers }: Kept): string => JSON.stringify({ on: stream, seq, raw, ...(answers !== undefined && { answers }) }),
  advance: (stream: string, last: number): string => JSON.stringify({ advance: stream, last }),
  finish: (stream: string): string => JSON.stringify({ finish: stream }),
  discard: (stream: string): string => JSON.stringify({ discard: stream }),
};

/** A stream as it is kept, in as many lines as it takes. */
export function linesOf({ id, kind, asked, events, last, finishedAt }: KeptStream): string[] {
  const written = events.map((event) => lines.event(id, event));
  return [lines.open(id, kind, [...asked]), ...written, lines.advance(id, last), ...(finishedAt === undefined ? [] : [lines.finish(id)])];
}

/** The session that a journal belongs to, from its beginning. */
export function sessionOf(text: string): string | undefined {
  const [first = ''] = text.split('\n', 1);
  const { session } = parsed(first);
  return typeof session === 'string' ? session : undefined;
}

/** Does again what the lines tell. A line that is torn, since its process was killed, tells nothing. */
export function replayLines(text: string, session: string, store: MemoryReplayStore): void {
  for (const line of text.split('\n')) apply(parsed(line), session, store);
}

function apply(entry: JsonObject, session: string, store: MemoryReplayStore): void {
  const { open, on, advance, finish, discard, kind, asked, last, seq, raw, answers } = entry;
  if (typeof open === 'string' && (kind === 'post' || kind === 'get')) store.open(session, open, kind, textsOf(asked));
  else if (typeof finish === 'string') store.finish(session, finish);
  else if (typeof discard === 'string') store.discard(session, discard);
  else if (typeof advance === 'string' && typeof last === 'number') store.advance(session, advance, last);
  else if (typeof on === 'string' && typeof seq === 'number' && typeof raw === 'string') {
    store.append(session, on, { seq, raw, ...(typeof answers === 'string' && { answers }) });
  }
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function parsed(line: string): JsonObject {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
