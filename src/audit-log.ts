import { closeSync, createWriteStream, openSync, type WriteStream } from 'node:fs';
import { ConfigError } from './config/issues.js';
import type { Config } from './config/schema.js';
import { reasonOf } from './errors.js';
import type { AuditSettings } from './router/audit.js';
import { createLog, type Log } from './telemetry/log.js';
import type { Redactor } from './telemetry/redactor.js';

/** The audit log of the process: in a file of its own, or in the log that there is. */
export class AuditLog {
  readonly settings: AuditSettings | undefined;
  readonly #stream: WriteStream | undefined;

  /** @throws ConfigError if its file cannot be written */
  constructor({ audit }: Config, log: Log, redactor: Redactor) {
    if (!audit.calls) return;
    this.#stream = audit.file === undefined ? undefined : openFile(audit.file);
    const target = this.#stream ? createLog('info', 'json', this.#stream, redactor) : log;
    this.settings = { log: target, withArguments: audit.arguments };
  }

  /** Resolves when everything is written. */
  close(): Promise<void> {
    return new Promise((resolve) => (this.#stream ? this.#stream.end(() => resolve()) : resolve()));
  }
}

/** Tells who called what: for its owner's eyes only. */
function openFile(file: string): WriteStream {
  try {
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    throw new ConfigError(file, [{ line: undefined, column: undefined, key: 'audit.file', message: `cannot be written: ${reasonOf(error)}` }]);
  }
  return createWriteStream(file, { flags: 'a', mode: 0o600 });
}
