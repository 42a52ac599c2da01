import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** A process under test: the proxy alone, without the server that it starts. */
export class Subject {
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const stdio = process.env.BENCH_DEBUG ? 'inherit' : 'ignore';
    this.#child = spawn(command, args, { stdio, env: { ...process.env, ...env }, detached: true });
    this.#child.on('error', () => {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** CPU time of the process itself so far, in microseconds: every thread's, as the scheduler counts it, to the nanosecond. */
  cpu(): number {
    const folder = `/proc/${this.pid}/task`;
    const times = readdirSync(folder).map((thread) => Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ', 1)[0]));
    return times.reduce((sum, time) => sum + time, 0) / 1_000;
  }

  /** Resident memory of the process itself, in KB. */
  rss(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1] ?? 0);
  }

  /** Ends it and what it started: TERM, and KILL for what stays. */
  async stop(): Promise<void> {
    if (this.pid === 0) return;
    this.#signal('SIGTERM');
    if (!this.ended) await Promise.race([once(this.#child, 'exit'), new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // nothing of the group is left
    }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
