import { randomBytes } from 'node:crypto';

/** An event of a stream, as its id names it. */
export interface EventId {
  readonly stream: string;
  /** Place in the stream; 0 is its beginning. */
  readonly seq: number;
}

const FORM = /^([0-9a-z]{9,24})-(\d{1,12})$/;

export function formatEventId({ stream, seq }: EventId): string {
  return `${stream}-${seq}`;
}

/** What a client sent as `Last-Event-ID`; undefined if it is none of ours. */
export function parseEventId(text: unknown): EventId | undefined {
  const match = typeof text === 'string' ? FORM.exec(text) : null;
  return match ? { stream: match[1] as string, seq: Number(match[2]) } : undefined;
}

/**
 * Mints ids for the streams of one session. They begin with a random part, because the numbers begin anew when a
 * session is recovered after a restart, and an old id must not name a new stream.
 */
export class StreamIds {
  readonly #prefix = randomBytes(4).toString('hex');
  #next = 1;

  next(): string {
    return this.#prefix + (this.#next++).toString(36);
  }
}
