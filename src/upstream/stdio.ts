import { reasonOf } from '../errors.js';
import { Child, type ChildExit, type ChildOptions } from '../process/child.js';
import { StderrRing } from '../process/stderr-ring.js';
import { LineFramer } from '../protocol/framer.js';
import { keepBytes } from '../protocol/large.js';
import { type Message, parseJson, parseMessage } from '../protocol/message.js';
import { oneLine } from '../protocol/splice.js';
import { levelOf } from '../telemetry/line-level.js';
import type { Log } from '../telemetry/log.js';
import { LogLimit } from '../telemetry/log-limit.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import type { ClosedReason, Connect, Upstream, UpstreamHandlers } from './upstream.js';

export interface StdioOptions extends ChildOptions {
  /** Longest line from the child that is accepted, in bytes. */
  readonly maxMessage: number;
  /** Lines of stderr kept for reports. */
  readonly stderrLines: number;
  /** Takes secrets out of what the child prints, before it is cut or kept. */
  readonly redact?: (text: string) => string;
  /** Hears each line of stderr. */
  readonly onStderr?: (line: string) => void;
}

const MAX_STDERR_LINE = 64 * 1024;
/** Records of one child's lines in such a time, in milliseconds: a server that writes without end must not fill the disk. */
const MAX_RECORDS = 200;
const RECORDS_MS = 10_000;

/** A factory of upstreams that each run one child process and speak newline-delimited JSON with it. */
export function stdioUpstream(options: StdioOptions, log: Log, metrics: ServerMetrics): Connect {
  return (handlers) => new StdioUpstream(options, log, metrics, handlers);
}

class StdioUpstream implements Upstream {
  readonly #child: Child;
  readonly #ring: StderrRing;
  readonly #stdout: LineFramer;
  readonly #stderr: LineFramer;
  readonly #lines: LogLimit;
  readonly #noise: LogLimit;

  constructor(
    private readonly options: StdioOptions,
    private readonly log: Log,
    private readonly metrics: ServerMetrics,
    private readonly handlers: UpstreamHandlers,
  ) {
    this.#ring = new StderrRing(options.stderrLines);
    const limit = (stream: string): LogLimit =>
      new LogLimit(MAX_RECORDS, RECORDS_MS, (lines) =>
        log.warn('child_lines_left_out', `${lines} lines of the server's ${stream} were left out of the log: too many at once`, { stream, lines }),
      );
    this.#lines = limit('stderr');
    this.#noise = limit('stdout');
    this.#stdout = new LineFramer(options.maxMessage, {
      onLine: (line, bytes) => this.#receive(line, bytes),
      onOversized: (line) => handlers.onOversized(line),
    });
    this.#stderr = new LineFramer(MAX_STDERR_LINE, {
      onLine: (line) => this.#note(line),
      onOversized: ({ bytes }) => this.#note(`(a line of ${bytes} bytes was left out)`),
    });
    this.#child = new Child(options, {
      onStdout: (chunk) => this.#stdout.push(chunk),
      onStderr: (chunk) => this.#stderr.push(chunk),
      onExit: (exit) => this.#exited(exit),
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(raw: string): void {
    this.#child.write(`${oneLine(raw)}\n`);
  }

  close(): Promise<void> {
    return this.#child.stop();
  }

  /** One message a line; servers of revision 2025-03-26 may also send a batch. */
  #receive(line: string, bytes: Buffer): void {
    let entries = [line];
    if (line.trimStart().startsWith('[')) {
      try {
        entries = (parseJson(line) as unknown[]).map((entry) => JSON.stringify(entry));
      } catch {
        // not a batch: a banner such as "[info] started", reported below
      }
    }
    for (const entry of entries) this.#deliver(entry, entry === line ? bytes : undefined); // one by one: a bad entry must not cost the others
  }

  #deliver(entry: string, bytes: Buffer | undefined): void {
    let message: Message;
    try {
      message = parseMessage(entry);
    } catch (error) {
      // Banners and stray prints are common; they must never reach a client or break the stream.
      this.metrics.noiseLines.inc();
      if (this.log.isDebug && this.#noise.take())
        this.log.debug('stdout_noise', `not a JSON-RPC message: ${reasonOf(error)}`, { line: this.#redacted(entry).slice(0, 200) });
      return;
    }
    if (bytes && message.kind === 'response') keepBytes(message, bytes);
    this.handlers.onMessage(message);
  }

  #note(line: string): void {
    this.metrics.stderrLines.inc();
    const clean = this.#redacted(line);
    this.#ring.push(clean);
    this.options.onStderr?.(clean);
    if (this.#lines.take()) this.log[levelOf(clean)]('child_stderr', clean, { stream: 'stderr' });
  }

  #redacted(text: string): string {
    return this.options.redact?.(text) ?? text;
  }

  #exited(exit: ChildExit): void {
    this.#stdout.end();
    this.#stderr.end();
    this.#lines.close();
    this.#noise.close();
    this.handlers.onClosed(describe(exit, this.options.command, this.#ring.last()));
  }
}

function describe(exit: ChildExit, command: string, lastWords: string | undefined): ClosedReason {
  if (exit.spawnError !== undefined) {
    return { kind: 'spawn_error', text: `"${command}" could not be started: ${exit.spawnError}`, lastWords };
  }
  if (exit.signal) return { kind: 'signal', text: `its process was ended by ${exit.signal}`, lastWords };
  return { kind: 'exit', text: `its process exited with code ${exit.code}`, lastWords };
}
