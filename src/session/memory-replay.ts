import type { Metrics } from '../telemetry/metrics.js';
import type { Kept, ReplayLimits, ReplayStore, Rest, StreamKind } from './replay.js';

/** One stream as it is kept. */
export interface KeptStream {
  readonly id: string;
  readonly kind: StreamKind;
  /** Requests that are not answered yet, as JSON text. */
  readonly asked: Set<string>;
  events: Kept[];
  last: number;
  /** When it ended, on the monotonic clock. */
  finishedAt: number | undefined;
}

interface KeptSession {
  readonly streams: Map<string, KeptStream>;
  bytes: number;
}

/** What an entry costs beside its text, in bytes, so that the limit bounds the number of entries too. */
const EVENT_COST = 64;
const STREAM_COST = 256;

/** Keeps events in memory only. Costs nothing for a session without streams. */
export class MemoryReplayStore implements ReplayStore {
  readonly #sessions = new Map<string, KeptSession>();
  #bytes = 0;

  constructor(
    private readonly limits: ReplayLimits,
    private readonly metrics: Metrics,
  ) {
    metrics.replayBytes.set(0);
  }

  open(session: string, stream: string, kind: StreamKind, asked: readonly string[] = []): void {
    const kept = this.#session(session);
    const known = kept.streams.get(stream);
    if (known) {
      known.finishedAt = undefined;
      return;
    }
    kept.streams.set(stream, { id: stream, kind, asked: new Set(asked), events: [], last: 0, finishedAt: undefined });
    this.#grow(kept, STREAM_COST);
    this.#makeRoom(kept, stream);
  }

  append(session: string, stream: string, event: Kept): boolean {
    const kept = this.#sessions.get(session);
    const found = kept?.streams.get(stream);
    if (!kept || !found) return false;
    found.last = event.seq;
    if (event.raw.length > this.limits.maxBytes) return false; // before its bytes are counted, which takes long
    const size = sizeOf(event);
    if (size + STREAM_COST > this.limits.maxBytes) return false;
    found.events.push(event);
    if (event.answers !== undefined) found.asked.delete(event.answers);
    this.#grow(kept, size);
    this.#sessions.delete(session); // to the end: the order is that of activity
    this.#sessions.set(session, kept);
    if (found.events.length > this.limits.maxEvents) this.#dropFirst(kept, found);
    this.#makeRoom(kept, stream);
    return true;
  }

  finish(session: string, stream: string): void {
    const found = this.stream(session, stream);
    if (found) found.finishedAt = performance.now();
  }

  discard(session: string, stream: string): void {
    const kept = this.#sessions.get(session);
    const found = kept?.streams.get(stream);
    if (!kept || !found) return;
    this.#clear(kept, found);
    found.asked.clear();
    found.finishedAt = performance.now();
  }

  after(session: string, stream: string, seq: number): Rest | undefined {
    const found = this.stream(session, stream);
    if (!found || seq > found.last) return undefined;
    return { kind: found.kind, last: found.last, events: found.events.filter((event) => event.seq > seq) };
  }

  /** Leaves numbers out: the next event of the stream comes after this one. */
  advance(session: string, stream: string, last: number): void {
    const found = this.stream(session, stream);
    if (found) found.last = Math.max(found.last, last);
  }

  async restore(): Promise<void> {
    // Memory does not outlive its process.
  }

  release(session: string): void {
    const kept = this.#sessions.get(session);
    if (!kept) return;
    this.#sessions.delete(session);
    this.#grow(kept, -kept.bytes);
  }

  sweep(now: number): void {
    for (const [session, kept] of this.#sessions) {
      for (const found of kept.streams.values()) {
        if (found.finishedAt !== undefined && now - found.finishedAt >= this.limits.maxAge) this.#remove(kept, found);
      }
      if (kept.streams.size === 0) this.#sessions.delete(session);
    }
  }

  async close(): Promise<void> {
    // Nothing is written anywhere.
  }

  /** The streams of a session, oldest first. */
  streams(session: string): KeptStream[] {
    return [...(this.#sessions.get(session)?.streams.values() ?? [])];
  }

  stream(session: string, stream: string): KeptStream | undefined {
    return this.#sessions.get(session)?.streams.get(stream);
  }

  #session(session: string): KeptSession {
    const known = this.#sessions.get(session);
    if (known) return known;
    const kept: KeptSession = { streams: new Map(), bytes: 0 };
    this.#sessions.set(session, kept);
    return kept;
  }

  /** Down to the limit: other streams from the oldest on, then the first events of this one. */
  #makeRoom(kept: KeptSession, current: string): void {
    for (const found of kept.streams.values()) {
      if (kept.bytes <= this.limits.maxBytes) break;
      if (found.id === current) continue;
      // One that goes on is still known, so that its request finds the client again.
      if (found.finishedAt === undefined) this.#clear(kept, found);
      else this.#remove(kept, found);
    }
    const own = kept.streams.get(current);
    while (own && own.events.length > 1 && kept.bytes > this.limits.maxBytes) this.#dropFirst(kept, own);
    this.#makeRoomForAll(kept);
  }

  /** Down to the limit of all: the events of other sessions, from the least active on. */
  #makeRoomForAll(current: KeptSession): void {
    for (const other of this.#sessions.values()) {
      if (this.#bytes <= this.limits.maxTotal || other === current) return;
      for (const found of other.streams.values()) this.#clear(other, found);
    }
  }

  #dropFirst(kept: KeptSession, found: KeptStream): void {
    const first = found.events.shift();
    if (first) this.#grow(kept, -sizeOf(first));
  }

  #clear(kept: KeptSession, found: KeptStream): void {
    for (const event of found.events) this.#grow(kept, -sizeOf(event));
    found.events = [];
  }

  #remove(kept: KeptSession, found: KeptStream): void {
    this.#clear(kept, found);
    kept.streams.delete(found.id);
    this.#grow(kept, -STREAM_COST);
  }

  #grow(kept: KeptSession, bytes: number): void {
    kept.bytes += bytes;
    this.#bytes += bytes;
    this.metrics.replayBytes.set(this.#bytes);
  }
}

function sizeOf({ raw }: Kept): number {
  return Buffer.byteLength(raw) + EVENT_COST;
}
