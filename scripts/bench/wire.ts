import { createConnection, type Socket } from 'node:net';

/** What one response is made of, told as it comes. */
export interface ResponseHandlers {
  onHead(status: number, head: string): void;
  onBody(part: Buffer): void;
  onEnd(): void;
  /** The connection ended before the response did. */
  onLost(): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * One HTTP/1.1 connection, one request at a time, as little code as that takes: a driver that is dearer than the servers
 * would hide their differences. Understands Content-Length, chunked bodies, and bodies that end with the connection.
 */
export class Wire {
  readonly #socket: Socket;
  #handlers: ResponseHandlers | undefined;
  #held: Buffer | undefined;
  /** Bytes of the body, or of the present chunk, that are still to come; -1 while a head or a chunk's size is read. */
  #left = -1;
  #chunked = false;
  #inBody = false;
  closed = false;

  constructor(port: number, onClose: () => void = () => {}) {
    this.#socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.closed = true;
      if (this.#inBody && !this.#chunked && this.#left < 0) this.#end();
      const handlers = this.#handlers;
      this.#handlers = undefined;
      handlers?.onLost();
      onClose();
    });
  }

  get busy(): boolean {
    return this.#handlers !== undefined;
  }

  send(request: string, handlers: ResponseHandlers): void {
    this.#handlers = handlers;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    let data = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = undefined;
    while (data.length > 0 && this.#handlers) {
      const rest = this.#inBody ? this.#body(data) : this.#head(data);
      if (!rest) {
        this.#held = data;
        return;
      }
      data = rest;
    }
  }

  /** @returns what comes after it; undefined if it is not whole */
  #head(data: Buffer): Buffer | undefined {
    const end = data.indexOf(HEAD_END);
    if (end < 0) return undefined;
    const head = data.toString('latin1', 0, end);
    const status = Number(head.slice(9, 12));
    const lower = head.toLowerCase();
    const length = /\ncontent-length: *(\d+)/.exec(lower)?.[1];
    this.#chunked = length === undefined && lower.includes('transfer-encoding: chunked');
    this.#left = length === undefined ? -1 : Number(length);
    this.#inBody = true;
    this.#handlers?.onHead(status, head);
    if (this.#left === 0 || status === 204) this.#end();
    return data.subarray(end + 4);
  }

  #body(data: Buffer): Buffer | undefined {
    if (this.#chunked) return this.#chunk(data);
    const part = this.#left >= 0 && data.length > this.#left ? data.subarray(0, this.#left) : data;
    this.#handlers?.onBody(part);
    if (this.#left >= 0) {
      this.#left -= part.length;
      if (this.#left === 0) this.#end();
    }
    return data.subarray(part.length);
  }

  #chunk(data: Buffer): Buffer | undefined {
    if (this.#left > 2) {
      const part = data.subarray(0, Math.min(data.length, this.#left - 2));
      this.#left -= part.length;
      this.#handlers?.onBody(part);
      return data.subarray(part.length);
    }
    if (this.#left >= 0) {
      // The line end after a chunk.
      const skipped = Math.min(this.#left, data.length);
      this.#left -= skipped;
      if (this.#left === 0) this.#left = -1;
      return data.subarray(skipped);
    }
    const lineEnd = data.indexOf('\r\n');
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(data.toString('latin1', 0, lineEnd), 16);
    if (size > 0) {
      this.#left = size + 2;
      return data.subarray(lineEnd + 2);
    }
    if (data.length < lineEnd + 4) return undefined;
    this.#end();
    return data.subarray(lineEnd + 4);
  }

  #end(): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    this.#inBody = false;
    this.#left = -1;
    handlers?.onEnd();
  }
}

/** Cuts an event stream into the data of its events, in time that is linear in their size. */
export class EventParser {
  #parts: Buffer[] = [];
  #name = '';
  #data: Buffer[] = [];
  readonly #onEvent: (name: string, data: Buffer) => void;

  constructor(onEvent: (name: string, data: Buffer) => void) {
    this.#onEvent = onEvent;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let lf = chunk.indexOf(10); lf >= 0; lf = chunk.indexOf(10, from)) {
      const part = chunk.subarray(from, lf);
      const line = this.#parts.length === 0 ? part : Buffer.concat([...this.#parts, part]);
      this.#parts = [];
      this.#line(line.at(-1) === 13 ? line.subarray(0, -1) : line);
      from = lf + 1;
    }
    if (from < chunk.length) this.#parts.push(chunk.subarray(from));
  }

  #line(line: Buffer): void {
    if (line.length === 0) {
      const [data] = this.#data;
      if (data) this.#onEvent(this.#name, data);
      this.#data = [];
      this.#name = '';
    } else if (line[0] === 0x64 && line.toString('latin1', 0, 5) === 'data:') {
      this.#data.push(line.subarray(line[5] === 0x20 ? 6 : 5));
    } else if (line[0] === 0x65 && line.toString('latin1', 0, 6) === 'event:') {
      this.#name = line.toString('latin1', 6).trim();
    }
  }
}
