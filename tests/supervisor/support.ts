import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HearthError } from '../../src/errors.js';
import type { Message } from '../../src/protocol/message.js';
import type { OversizedLine } from '../../src/protocol/oversized.js';
import type { Handshake } from '../../src/supervisor/handshake.js';
import type { SupervisorSettings } from '../../src/supervisor/options.js';
import type { State } from '../../src/supervisor/state.js';
import { Supervisor } from '../../src/supervisor/supervisor.js';
import { type StdioOptions, stdioUpstream } from '../../src/upstream/stdio.js';
import { until } from '../support/app.js';
import { Counts, fixtureOptions, type LogRecord, recordingLog } from '../upstream/support.js';

const SETTINGS: SupervisorSettings = {
  startTimeout: 20_000,
  readyWait: 20_000,
  backoffMin: 10,
  backoffMax: 50,
  maxRestarts: 3,
  restartWindow: 600_000,
  retryFailed: 600_000,
  heartbeatInterval: 0,
  heartbeatTimeout: 1_000,
};

/** A supervisor over the fixture server, and everything it told its owner. Dispose it with `await using`. */
export class Supervised implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hearth-supervisor-'));
  readonly supervisor: Supervisor;
  readonly ready: Handshake[] = [];
  readonly down: HearthError[] = [];
  readonly messages: Message[] = [];
  readonly oversized: OversizedLine[] = [];
  readonly records: LogRecord[] = [];
  readonly counts = new Counts();
  busy = false;
  onMessage: (message: Message) => void = () => {};
  onReady: () => void = () => {};

  constructor(modes = '', settings: Partial<SupervisorSettings> = {}, options: Partial<StdioOptions> = {}) {
    const env = { FIXTURE_STARTS: join(this.#folder, 'starts'), FIXTURE_JOURNAL: join(this.#folder, 'journal'), ...options.env };
    const log = recordingLog(this.records);
    this.supervisor = new Supervisor({
      server: 'fixture',
      connect: stdioUpstream(fixtureOptions(modes, { ...options, env }), log, this.counts.of),
      initializeParams: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '0' } },
      era: 'auto',
      settings: { ...SETTINGS, ...settings },
      log,
      metrics: this.counts.of,
      handlers: {
        onReady: (handshake) => {
          this.ready.push(handshake);
          this.onReady();
        },
        onDown: (error) => this.down.push(error),
        onMessage: (message) => {
          this.messages.push(message);
          this.onMessage(message);
        },
        onOversized: (line) => this.oversized.push(line),
        onUndelivered: () => {},
        onRefused: () => {},
        isBusy: () => this.busy,
      },
    });
  }

  /** How often the fixture was started. */
  get starts(): number {
    const file = join(this.#folder, 'starts');
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  }

  /** Methods that the fixture received, over all its starts. */
  get wire(): string[] {
    const lines = readFileSync(join(this.#folder, 'journal'), 'utf8').trim().split('\n');
    return lines.map((line) => (JSON.parse(line) as { method: string }).method);
  }

  async untilState(state: State): Promise<void> {
    await until(() => this.supervisor.state === state, 20_000);
  }

  /** Calls a tool of the fixture as a client would. */
  call(name: string, args: Record<string, unknown> = {}): number {
    const id = this.supervisor.nextId();
    this.supervisor.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } }));
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.supervisor.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

/** The error that a promise fails with. @throws Error when it does not fail */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error,
  );
}
