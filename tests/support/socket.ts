import { connect, type Socket } from 'node:net';

const STATUS = /^HTTP\/1\.1 ([2-5]\d\d)/m;

/** A plain connection, for requests that no HTTP client would send and for clients that do not read. */
export class RawSocket implements AsyncDisposable {
  received = '';
  ended = false;
  readonly #socket: Socket;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.ended = true;
    });
  }

  write(text: string | Uint8Array): void {
    this.#socket.write(text);
  }

  /** Takes what comes from now on. Without it nothing is read, as by a client that hangs. */
  read(): this {
    this.#socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('utf8');
    });
    return this;
  }

  pause(): void {
    this.#socket.pause();
  }

  /** The status code of the first answer so far. */
  get status(): number | undefined {
    const match = /^HTTP\/1\.1 (\d{3}) (?:.|\r\n)*?\r\n\r\n/.exec(this.received);
    return match ? Number(match[1]) : undefined;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }
}

/**
 * Sends bytes, whatever they are, and reads until the head of the answer is whole.
 *
 * @param limitMs when to give up, in milliseconds: a request without an end is not answered
 * @returns the status of the final answer, 0 for none
 */
export function statusOf(url: string, bytes: Uint8Array, limitMs: number): Promise<number> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(), limitMs);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (STATUS.test(text) && text.slice(text.search(STATUS)).includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Number(STATUS.exec(text)?.[1] ?? 0));
    });
  });
}
