import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, type ChildExit, type ChildOptions } from '../../src/process/child.js';
import { until } from '../support/app.js';

export const TREE = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'tree.mjs');

/** One child and everything it said. Dispose it with `await using`. */
export class Started implements AsyncDisposable {
  readonly child: Child;
  readonly exits: ChildExit[] = [];
  stdout = '';
  stderr = '';
  #told: () => void = () => {};
  readonly exited = new Promise<void>((resolve) => {
    this.#told = resolve;
  });

  constructor(command: string, args: readonly string[], options: Partial<ChildOptions> = {}) {
    const stop = { eofMs: 2_000, termMs: 2_000 };
    this.child = new Child(
      { command, args, env: {}, passEnv: [], extraPath: [], stop, maxPendingInput: 1_000_000, ...options },
      {
        onStdout: (chunk) => {
          this.stdout += chunk.toString();
        },
        onStderr: (chunk) => {
          this.stderr += chunk.toString();
        },
        onExit: (exit) => {
          this.exits.push(exit);
          this.#told();
        },
      },
    );
  }

  async untilSays(text: string): Promise<void> {
    await until(() => this.stdout.includes(text), 20_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop();
  }
}

export function shell(script: string, options: Partial<ChildOptions> = {}): Started {
  return new Started('sh', ['-c', script], options);
}

/** Starts fixtures/tree.mjs and waits until its whole tree runs. */
export async function tree(modes: readonly string[], options: Partial<ChildOptions> = {}): Promise<{ started: Started; pids: number[] }> {
  const started = new Started(process.execPath, [TREE, ...modes], options);
  await started.untilSays('\n');
  return { started, pids: JSON.parse(started.stdout) as number[] };
}

/** Whether a process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}
