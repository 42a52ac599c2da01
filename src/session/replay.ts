/** `post`: it answers requests, and ends with the last answer. `get`: it carries what belongs to no request. */
export type StreamKind = 'post' | 'get';

/** A message that was sent as an event. */
export interface Kept {
  readonly seq: number;
  readonly raw: string;
  /** The id of the request that it answers, as JSON text. */
  readonly answers?: string;
}

/** What is left of a stream after some event. */
export interface Rest {
  readonly kind: StreamKind;
  /** Number of its last event so far. */
  readonly last: number;
  readonly events: readonly Kept[];
}

export interface ReplayLimits {
  /** Events kept of one stream. */
  readonly maxEvents: number;
  /** Bytes kept for one session; its oldest streams go first. */
  readonly maxBytes: number;
  /** Bytes kept for all sessions; the sessions that were least recently active go first. */
  readonly maxTotal: number;
  /** How long a stream is kept after its end, in milliseconds. */
  readonly maxAge: number;
}

/**
 * Keeps what the event streams of sessions have sent, for clients that lost a connection (2025-11-25, transports:
 * resumability and redelivery). Sessions are named by their uuid. Bounded; never throws.
 */
export interface ReplayStore {
  /**
   * A stream begins, or goes on after `finish`.
   * @param asked ids of the requests that it will answer, as JSON text
   */
  open(session: string, stream: string, kind: StreamKind, asked?: readonly string[]): void;
  /** @returns whether the event is kept: one that is larger than the limit is not */
  append(session: string, stream: string, event: Kept): boolean;
  /** Nothing more comes; it is forgotten after a while. */
  finish(session: string, stream: string): void;
  /** Its request was cancelled: what it has sent is of no use. */
  discard(session: string, stream: string): void;
  /** What a stream has sent after an event; undefined if the stream or the event is unknown. */
  after(session: string, stream: string, seq: number): Rest | undefined;
  /** Brings back what an earlier process has kept of a session. */
  restore(session: string): Promise<void>;
  /** @param keep whether another process may ask for it */
  release(session: string, keep: boolean): void;
  /** Forgets what is too old. @param now on the monotonic clock */
  sweep(now: number): void;
  /** Everything that has to be written is written. */
  close(): Promise<void>;
}
