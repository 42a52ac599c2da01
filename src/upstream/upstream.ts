import type { HearthError } from '../errors.js';
import type { Id, Message } from '../protocol/message.js';
import type { OversizedLine } from '../protocol/oversized.js';

/** What an upstream tells its owner. Exactly one `onClosed` per upstream, and nothing after it. */
export interface UpstreamHandlers {
  onMessage(message: Message): void;
  /** A message past the size limit was discarded; only the call at fault should fail. */
  onOversized(line: OversizedLine): void;
  /** A request never reached the server's hands, so that sending it again does no harm. */
  onUndelivered(id: Id): void;
  /** A request got no answer from a remote server, for this reason; nothing was heard of the server itself. */
  onRefused(id: Id, error: HearthError): void;
  onClosed(reason: ClosedReason): void;
}

export interface ClosedReason {
  /** Client-safe sentence. */
  readonly text: string;
  /** The server's last line of stderr: for the log and `/status`, not for clients (it may hold anything). */
  readonly lastWords: string | undefined;
  /** Metric label. */
  readonly kind: 'exit' | 'signal' | 'spawn_error' | 'disconnected';
}

/** A live connection to one MCP server, whatever its kind. One file per kind implements it. */
export interface Upstream {
  /** Process id, for kinds that have one. */
  readonly pid: number | undefined;
  /**
   * Sends one message, on one line.
   * @throws HearthError `overloaded` when the server does not read; `child_exited` when it is gone
   */
  send(raw: string): void;
  /** Ends the connection and frees everything behind it. Idempotent. */
  close(): Promise<void>;
}

/** Opens an upstream; the supervisor calls it again after each failure. */
export type Connect = (handlers: UpstreamHandlers) => Upstream;
