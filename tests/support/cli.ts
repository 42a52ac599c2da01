import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './app.js';
import type { Json } from './raw-client.js';

export const MAIN = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'main.js');

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** What it reads from stdin, which then ends. */
  readonly input?: string;
}

/** The built program as a process of its own. Dispose it with `await using`: nothing is left running. */
export class Cli implements AsyncDisposable {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(args: readonly string[], { cwd, env, input }: CliOptions = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(?:HEARTH_|MCP_|VITEST|NODE_OPTIONS)/.test(name));
    this.#child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...Object.fromEntries(inherited), ...env }, stdio: 'pipe' });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    if (input !== undefined) this.#child.stdin?.end(input);
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Records that were written in JSON so far. */
  get records(): Json[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Json);
  }

  record(event: string): Json | undefined {
    return this.records.find((record) => record.event === event);
  }

  /** Waits for the line that says where it listens. @returns the base URL */
  async listening(): Promise<string> {
    await until(() => this.record('listening') !== undefined || this.#child.exitCode !== null, 20_000);
    const url = this.record('listening')?.url;
    if (typeof url !== 'string') throw new Error(`it does not listen: ${this.stdout}${this.stderr}`);
    return url;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The exit code, once it has ended; null when a signal ended it. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function runCli(args: readonly string[], options?: CliOptions): Promise<Outcome> {
  await using cli = new Cli(args, options);
  const code = await cli.ended();
  return { code, stdout: cli.stdout, stderr: cli.stderr };
}
