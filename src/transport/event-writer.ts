import type { ServerResponse } from 'node:http';
import { sizeOf } from '../protocol/large.js';
import { oneLine } from '../protocol/splice.js';
import { writeChunk } from './chunk.js';
import { insteadOfLarge } from './event-limit.js';

export interface WriterSettings {
  /** Time between comment lines that keep the stream alive, in milliseconds. */
  readonly heartbeat: number;
  /** Bytes that may wait for a client that does not read; one message more than this is let through. */
  readonly maxBuffered: number;
  /** Largest event that clients take, in bytes; 0 for no limit. */
  readonly maxEvent: number;
}

export interface WriterHandlers {
  /** The client is gone, or was dropped because it does not read. Once. */
  onClose(tooSlow: boolean): void;
}

/** More than this is not kept for others to join, in UTF-16 units. */
const MAX_JOINED = 65_536;

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no', // nginx would hold events back
  Connection: 'keep-alive',
};

/** One server-sent event stream: first bytes at once, heartbeats, one write for what comes at once, and a bounded buffer. */
export class EventWriter {
  readonly #heartbeat: NodeJS.Timeout;
  #open = true;
  /** Whether the head is out, and what is to follow it at the end of this turn. */
  #begun = false;
  #pending = '';
  #scheduled = false;

  constructor(
    private readonly res: ServerResponse,
    private readonly settings: WriterSettings,
    private readonly handlers: WriterHandlers,
    headers: Record<string, string> = {},
  ) {
    res.writeHead(200, { ...HEADERS, ...headers });
    this.#schedule();
    this.#heartbeat = setInterval(() => this.#beat(), settings.heartbeat);
    res.once('close', () => this.#ended(false));
  }

  get open(): boolean {
    return this.#open;
  }

  /**
   * A JSON-RPC message. Its text must not hold a CR or LF, which would end the data line (CVE-2026-29085).
   * @param id of the event, for clients that resume
   * @param bytes the same message in parts, of a large one
   */
  message(raw: string, id?: string, bytes?: readonly Buffer[]): void {
    const { maxEvent } = this.settings;
    const isTooLarge = maxEvent > 0 && (bytes ? sizeOf(bytes) : Buffer.byteLength(raw)) > maxEvent;
    if (bytes && !isTooLarge) {
      this.#writeParts(`${id === undefined ? '' : `id: ${id}\n`}event: message\ndata: `, bytes);
      return;
    }
    const sent = isTooLarge ? insteadOfLarge(raw, maxEvent) : raw;
    if (sent !== undefined) this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: message\ndata: ${oneLine(sent)}\n\n`);
  }

  /**
   * An event without data, so that the client can resume before the first message (2025-11-25, transports: sending
   * messages to the server; SEP-1699).
   * @param retry how long it is asked to wait before it does, in milliseconds
   */
  prime(id: string, retry: number): void {
    this.#write(`id: ${id}\nretry: ${retry}\ndata:\n\n`);
  }

  /** An event with a name of its own. */
  event(name: string, data: string): void {
    this.#write(`event: ${name}\ndata: ${oneLine(data)}\n\n`);
  }

  /** Ends the stream after what was written. */
  end(): void {
    if (!this.#open) return;
    this.#ended(false);
    this.res.end(this.#pending);
    // A client that does not read what is left would hold the connection for ever.
    this.res.setTimeout(this.settings.heartbeat, () => this.res.destroy());
  }

  /** What waits to be read is a sign of life itself, and a client that takes long over a large message is not too slow. */
  #beat(): void {
    if (this.res.writableLength === 0) this.res.write(': heartbeat\n\n');
  }

  #write(text: string): void {
    if (!this.#hasRoom()) return;
    this.#pending += text;
    if (this.#pending.length > MAX_JOINED) this.#flush();
    else this.#schedule();
  }

  #writeParts(before: string, bytes: readonly Buffer[]): void {
    if (!this.#hasRoom()) return;
    this.#flush();
    this.res.cork();
    this.res.write(before);
    for (const part of bytes) this.res.write(part);
    this.res.write('\n\n');
    this.res.uncork();
  }

  /** Whether more may be written; a client that has not read for too long is closed, and nobody else notices. */
  #hasRoom(): boolean {
    if (this.#open && this.res.writableLength + this.#pending.length > this.settings.maxBuffered) {
      this.#ended(true);
      this.res.destroy();
    }
    return this.#open;
  }

  /** What one message of a server causes leaves in one write, at once all the same: before anything else is read. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#open) return;
    const text = this.#pending;
    this.#pending = '';
    const { res } = this;
    const isFirst = !this.#begun;
    this.#begun = true;
    if (isFirst && text !== '' && text.length <= MAX_JOINED) {
      res.write(text); // with the head
      return;
    }
    if (isFirst) res.flushHeaders();
    if (text !== '') writeChunk(res, text);
  }

  #ended(tooSlow: boolean): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#heartbeat);
    this.handlers.onClose(tooSlow);
  }
}
