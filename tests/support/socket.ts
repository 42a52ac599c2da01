import { connect, type Socket } from 'node:net';

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
