import type { HearthError } from '../errors.js';
import type { Message } from '../protocol/message.js';
import type { UpstreamHandlers } from './upstream.js';

/** How a connection to a remote server ends, and how its requests fail: the same over every transport. */
export class RemoteEnd {
  #closed = false;

  /**
   * @param origin   of the server, for people
   * @param handlers who is told
   * @param close    frees the connection; called before the end is told
   */
  constructor(
    private readonly origin: string,
    private readonly handlers: UpstreamHandlers,
    private readonly close: () => Promise<void>,
  ) {}

  get closed(): boolean {
    return this.#closed;
  }

  /** The owner has closed the connection: nothing is told from now on. @returns whether it was open */
  markClosed(): boolean {
    const wasOpen = !this.#closed;
    this.#closed = true;
    return wasOpen;
  }

  /** The connection is of no more use. */
  end(text: string): void {
    if (this.#closed) return;
    void this.close();
    this.handlers.onClosed({ kind: 'disconnected', text, lastWords: undefined });
  }

  /** The server has forgotten the session; a request that it met this way was not carried out. */
  lostSession(message?: Message): void {
    if (message?.kind === 'request') this.handlers.onUndelivered(message.id);
    this.end(`${this.origin} no longer knows the session`);
  }

  /** The server did not accept a message, or did not answer it. */
  refuse(message: Message, error: HearthError): void {
    if (message.kind === 'request') this.handlers.onRefused(message.id, error);
  }

  /** A message could not be sent: nobody listens there any more, or this one failed. */
  failed(message: Message, error: HearthError): void {
    if (this.#closed) return;
    if (error.code !== 'child_exited') {
      this.refuse(message, error);
      return;
    }
    if (message.kind === 'request') this.handlers.onUndelivered(message.id);
    this.end(error.message);
  }
}
