import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { HearthError } from '../errors.js';
import { encodingOf } from '../protocol/encoding.js';
import { childEnv } from './env.js';
import { type StopLadder, stopTree } from './stop.js';
import type { Watchdog } from './watchdog.js';

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly passEnv: readonly string[];
  readonly extraPath: readonly string[];
  readonly stop: StopLadder;
  /** Bytes that may wait for a child that does not read its stdin. */
  readonly maxPendingInput: number;
  /** Cleans up after hearth if it is killed. */
  readonly watchdog?: Watchdog | undefined;
}

export interface ChildHandlers {
  onStdout(chunk: Buffer): void;
  onStderr(chunk: Buffer): void;
  /** Once, after the process has ended and its last output was handed over. */
  onExit(exit: ChildExit): void;
}

export interface ChildExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** Set when the process could not be started at all. */
  readonly spawnError: string | undefined;
}

/** How long output that is still in the pipe is waited for once the process itself is gone. */
const DRAIN_MS = 100;

/** Larger messages are written at once and alone: to join them would copy them. In UTF-16 units. */
const MAX_JOINED = 65_536;

/** One running stdio program: started without a shell, leader of its own process group, and its only owner. */
export class Child {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #marker: string;
  readonly #exited: Promise<void>;
  #ended = false;
  #queued = '';
  #stopping: Promise<void> | undefined;

  /** @throws Error if it cannot even be tried to start it: a NUL in an argument, no descriptors left */
  constructor(
    private readonly options: ChildOptions,
    private readonly handlers: ChildHandlers,
  ) {
    const { command, args, cwd, env, passEnv, extraPath, watchdog } = options;
    this.#marker = [watchdog?.owner, randomUUID()].filter(Boolean).join('.');
    this.#process = spawn(command, args, {
      shell: false,
      detached: true, // setsid: the whole group can be signalled
      env: childEnv(process.env, { set: env, pass: passEnv, marker: this.#marker, extraPath }),
      ...(cwd !== undefined && { cwd }),
    });
    if (!this.#process.stdin) throw new Error(`spawn ${command}: no descriptors are left`);
    this.#process.stdin.on('error', () => {}); // EPIPE: the exit event tells the rest
    this.#process.stdout.on('data', (chunk: Buffer) => this.handlers.onStdout(chunk)).on('error', () => {});
    this.#process.stderr.on('data', (chunk: Buffer) => this.handlers.onStderr(chunk)).on('error', () => {});
    if (this.pid !== undefined) watchdog?.add(this.pid);
    this.#exited = this.#watchExit();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Queues bytes for the child's stdin.
   * @throws HearthError `overloaded` when the child does not read and the limit is reached; `child_exited`
   */
  write(text: string): void {
    const { stdin } = this.#process;
    if (this.#ended || !stdin.writable) throw new HearthError('child_exited', 'The server process has ended.');
    const waiting = stdin.writableLength + this.#queued.length;
    if (waiting > this.options.maxPendingInput) {
      throw new HearthError('overloaded', `The server does not read its input (${waiting} bytes are waiting). Try again later.`);
    }
    if (text.length > MAX_JOINED) {
      this.#flush();
      stdin.write(text);
      return;
    }
    if (this.#queued === '') setImmediate(() => this.#flush());
    this.#queued += text;
  }

  /** What was queued while the program's turn lasted goes out in one write: a system call costs more than most messages. */
  #flush(): void {
    const text = this.#queued;
    this.#queued = '';
    if (text !== '' && !this.#ended && this.#process.stdin.writable) this.#process.stdin.write(text, encodingOf(text));
  }

  /** Ends the child and everything it started: stdin end, TERM, KILL. Idempotent; resolves when all are gone. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    const { pid } = this;
    await stopTree({
      pid,
      marker: this.#marker,
      exited: this.#exited,
      ladder: this.options.stop,
      endInput: () => {
        this.#flush();
        this.#process.stdin.end();
      },
    });
    if (pid !== undefined) this.options.watchdog?.remove(pid);
  }

  async #watchExit(): Promise<void> {
    const exit = await new Promise<ChildExit>((resolve) => {
      // `exit`, not `close`: a grandchild that inherited stdout can hold the pipe open for ever.
      this.#process.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined, spawnError: undefined }));
      this.#process.on('error', (error) => {
        if (this.pid === undefined) resolve({ code: undefined, signal: undefined, spawnError: error.message });
      });
    });
    this.#ended = true;
    if (exit.spawnError === undefined) await this.#drained();
    this.handlers.onExit(exit);
    void this.stop(); // sweeps what the process left behind
  }

  /** Waits for the end of both outputs, but not for long: whoever inherited one may keep it open. */
  async #drained(): Promise<void> {
    const outputs = [this.#process.stdout, this.#process.stderr];
    await Promise.race([Promise.all(outputs.map((output) => finished(output).catch(() => {}))), delay(DRAIN_MS)]);
    for (const output of outputs) output.destroy(); // nothing is handed over after the exit was told
  }
}
