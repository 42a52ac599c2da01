import type { ServerResponse } from 'node:http';
import { HearthError } from '../errors.js';
import { formatEventId } from '../session/event-id.js';
import type { Kept, ReplayStore } from '../session/replay.js';
import { EventWriter } from './event-writer.js';
import { countMessage, type TransportContext } from './transport.js';

/** What makes a channel one that clients can resume. */
export interface ChannelRecord {
  readonly store: ReplayStore;
  /** Uuid of the session, and id of the stream within it. */
  readonly session: string;
  readonly stream: string;
  /** Number of the last event that was sent. */
  readonly last: number;
}

const TOO_LARGE = new HearthError(
  'too_large',
  'The answer was larger than what is kept for clients that lose their connection (limits.replayBytes). It is lost.',
);

/**
 * One event stream as its client knows it: numbered events, and a connection that may be lost and found again. What is
 * sent in between waits in the store. Without a record it is as good as its one connection.
 */
export class Channel {
  #writer: EventWriter | undefined;
  #last: number;
  #primed = false;

  /** @param label for metrics: what kind of request made the stream */
  constructor(
    private readonly context: TransportContext,
    private readonly label: 'get' | 'post',
    private readonly record?: ChannelRecord,
  ) {
    this.#last = record?.last ?? 0;
  }

  /** The stream's id, if it has one. */
  get id(): string | undefined {
    return this.record?.stream;
  }

  get connected(): boolean {
    return this.#writer?.open === true;
  }

  /** Whether the client can ask for the rest: it has seen an event id. */
  get resumable(): boolean {
    return this.record !== undefined && (this.#primed || this.#last > 0);
  }

  /**
   * A connection takes over from whatever was there.
   * @param onLost the connection has ended, but not from here
   */
  connect(res: ServerResponse, headers: Record<string, string>, onLost: (tooSlow: boolean) => void): void {
    const { metrics, settings } = this.context;
    this.disconnect();
    metrics.connections.inc({ transport: this.label });
    const onClose = (tooSlow: boolean): void => {
      metrics.connections.dec({ transport: this.label });
      if (this.#writer !== writer) return;
      this.#writer = undefined;
      onLost(tooSlow);
    };
    const writer: EventWriter = new EventWriter(res, settings, { onClose }, headers);
    this.#writer = writer;
  }

  /** The first event of a new stream. */
  prime(): void {
    if (!this.record) return;
    this.#primed = true;
    this.#writer?.prime(this.#eventId(0), this.context.settings.retry);
  }

  /** What the connection before has missed. */
  replay(events: readonly Kept[]): void {
    for (const { seq, raw } of events) this.#writer?.message(raw, this.#eventId(seq));
    this.context.metrics.replays.inc();
  }

  /**
   * @param answers id of the request that the message answers, as JSON text
   * @param bytes the same message in parts, of a large one
   */
  send(raw: string, answers?: string, bytes?: readonly Buffer[]): void {
    countMessage(this.context.metrics, 'out', raw);
    this.#last++;
    if (this.record) this.#keep(this.record, { seq: this.#last, raw, ...(answers !== undefined && { answers }) });
    this.#writer?.message(raw, this.record && this.#eventId(this.#last), bytes);
  }

  /** Ends the connection; the stream may go on with another one. */
  disconnect(): void {
    const writer = this.#writer;
    this.#writer = undefined;
    writer?.end();
  }

  /** Everything was sent. */
  finish(): void {
    if (this.record) this.record.store.finish(this.record.session, this.record.stream);
    this.disconnect();
  }

  /** What was sent is of no use any more. */
  discard(): void {
    if (this.record) this.record.store.discard(this.record.session, this.record.stream);
    this.disconnect();
  }

  #keep({ store, session, stream }: ChannelRecord, event: Kept): void {
    if (store.append(session, stream, event) || event.answers === undefined) return;
    // A client that comes back for an answer must not wait for ever.
    const raw = `{"jsonrpc":"2.0","id":${event.answers},"error":${JSON.stringify(TOO_LARGE.toObject())}}`;
    store.append(session, stream, { ...event, raw });
  }

  #eventId(seq: number): string {
    return formatEventId({ stream: this.record?.stream ?? '', seq });
  }
}
