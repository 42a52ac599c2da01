import type { HearthError } from '../errors.js';
import type { Id, JsonObject, Message } from '../protocol/message.js';
import type { OversizedLine } from '../protocol/oversized.js';
import type { Era } from '../protocol/versions.js';
import type { Log } from '../telemetry/log.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import type { Connect } from '../upstream/upstream.js';
import type { Handshake } from './handshake.js';

/** All times in milliseconds. */
export interface SupervisorSettings {
  /** From spawn to ready. */
  readonly startTimeout: number;
  /** How long a call may wait for a child that has just died or is starting, counted from the outage's start. */
  readonly readyWait: number;
  readonly backoffMin: number;
  readonly backoffMax: number;
  /** More restarts than this within the window, and the state is `failed`. */
  readonly maxRestarts: number;
  readonly restartWindow: number;
  /** A failed child is tried once more after this time, so that no failure is for ever. */
  readonly retryFailed: number;
  readonly heartbeatInterval: number;
  readonly heartbeatTimeout: number;
}

/** What the supervisor tells its one owner, the router. */
export interface SupervisorHandlers {
  onReady(handshake: Handshake): void;
  onDown(error: HearthError): void;
  /** Everything from the server that is not an answer to the supervisor itself. */
  onMessage(message: Message): void;
  onOversized(line: OversizedLine): void;
  onUndelivered(id: Id): void;
  onRefused(id: Id, error: HearthError): void;
  /** Whether a client's request is being worked on: a busy server is not pinged. */
  isBusy(): boolean;
}

export interface SupervisorOptions {
  readonly server: string;
  readonly connect: Connect;
  /** What it lacks to be started at all, for people; asked before each start. */
  readonly needs?: (() => string | undefined) | undefined;
  readonly initializeParams: JsonObject;
  /** Of the server; `auto` finds out. */
  readonly era: Era | 'auto';
  readonly settings: SupervisorSettings;
  readonly handlers: SupervisorHandlers;
  readonly log: Log;
  readonly metrics: ServerMetrics;
}
