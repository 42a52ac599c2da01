import type { Message } from '../../src/protocol/message.js';
import type { OversizedLine } from '../../src/protocol/oversized.js';
import type { Log, LogFields, LogLevel } from '../../src/telemetry/log.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { ServerMetricFamilies } from '../../src/telemetry/server-metrics.js';
import { type StdioOptions, stdioUpstream } from '../../src/upstream/stdio.js';
import type { ClosedReason, Upstream } from '../../src/upstream/upstream.js';
import { FIXTURE, until } from '../support/app.js';

export interface LogRecord extends LogFields {
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
}

/** A log that keeps what it is told. */
export function recordingLog(records: LogRecord[]): Log {
  const at =
    (level: LogLevel): Log['info'] =>
    (event, message, fields) =>
      void records.push({ ...fields, level, event, message });
  const log: Log = { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), isDebug: true, with: () => log };
  return log;
}

/** The metrics of one server, and a way to read them. */
export class Counts {
  readonly #metrics = new Metrics('0.0.0-test');
  readonly of = new ServerMetricFamilies(this.#metrics, false).of('fixture');

  /** Sum of a metric over all its labels that match. */
  async read(name: string, labels: Record<string, string> = {}): Promise<number> {
    const values = (await this.#metrics.registry.getSingleMetric(name)?.get())?.values ?? [];
    const matching = values.filter((value) => Object.entries(labels).every(([key, wanted]) => value.labels[key] === wanted));
    return matching.reduce((sum, { value }) => sum + value, 0);
  }
}

/** How to run fixtures/server.mjs. */
export function fixtureOptions(modes = '', extra: Partial<StdioOptions> = {}): StdioOptions {
  return {
    command: process.execPath,
    args: [FIXTURE],
    passEnv: [],
    extraPath: [],
    stop: { eofMs: 1_000, termMs: 1_000 },
    maxPendingInput: 1_000_000,
    maxMessage: 1_000_000,
    stderrLines: 10,
    ...extra,
    env: { FIXTURE: modes, ...extra.env },
  };
}

/** One upstream and everything it told its owner. Dispose it with `await using`. */
export class Opened implements AsyncDisposable {
  readonly messages: Message[] = [];
  readonly oversized: OversizedLine[] = [];
  readonly closed: ClosedReason[] = [];
  readonly records: LogRecord[] = [];
  readonly counts = new Counts();
  readonly upstream: Upstream;

  constructor(options: StdioOptions) {
    this.upstream = stdioUpstream(
      options,
      recordingLog(this.records),
      this.counts.of,
    )({
      onMessage: (message) => this.messages.push(message),
      onOversized: (line) => this.oversized.push(line),
      onUndelivered: () => {},
      onRefused: () => {},
      onClosed: (reason) => this.closed.push(reason),
    });
  }

  /** Calls a tool of the fixture. */
  call(id: number | string, name: string, args: Record<string, unknown> = {}): void {
    this.upstream.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } }));
  }

  async untilMessages(count: number): Promise<void> {
    await until(() => this.messages.length >= count, 20_000);
  }

  async untilClosed(): Promise<ClosedReason> {
    await until(() => this.closed.length > 0, 20_000);
    return this.closed[0] as ClosedReason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream.close();
  }
}
