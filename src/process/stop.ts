import { setTimeout as delay } from 'node:timers/promises';
import { treeOf } from './descendants.js';

/** How long each rung of the ladder is given, in milliseconds. */
export interface StopLadder {
  /** After the end of stdin, which is how stdio servers are told to stop (2025-11-25, lifecycle: shutdown). */
  readonly eofMs: number;
  /** After SIGTERM, before SIGKILL. */
  readonly termMs: number;
}

export interface StopOptions {
  readonly pid: number | undefined;
  readonly marker: string;
  /** Settles when the process itself has ended. */
  readonly exited: Promise<void>;
  readonly ladder: StopLadder;
  endInput(): void;
}

const POLL_MS = 20;

/** Ends a process and its whole tree, politely first. Resolves when none of them is left. */
export async function stopTree({ pid, marker, exited, ladder, endInput }: StopOptions): Promise<void> {
  if (pid === undefined) return;
  endInput();
  if (!(await within(exited, ladder.eofMs))) {
    signalGroup(pid, 'SIGTERM');
    if (!(await within(exited, ladder.termMs))) signalGroup(pid, 'SIGKILL');
    await exited;
  }
  await sweep(pid, marker, ladder.termMs);
}

/** Ends what a process left behind: children in its group, and strays that moved out of it. */
async function sweep(leader: number, marker: string, termMs: number): Promise<void> {
  let left = await treeOf(leader, marker);
  if (left.length === 0) return;
  for (const pid of left) signal(pid, 'SIGTERM');
  const deadline = performance.now() + termMs;
  while (left.length > 0 && performance.now() < deadline) {
    await delay(POLL_MS);
    left = await treeOf(leader, marker);
  }
  // A process may fork between look and kill, so look again until nothing is left.
  for (let round = 0; left.length > 0 && round < 50; round++) {
    for (const pid of left) signal(pid, 'SIGKILL');
    await delay(POLL_MS);
    left = await treeOf(leader, marker);
  }
}

async function within(done: Promise<void>, ms: number): Promise<boolean> {
  const abort = new AbortController();
  const timer = delay(ms, false, { signal: abort.signal }).catch(() => false);
  const result = await Promise.race([done.then(() => true), timer]);
  abort.abort();
  return result;
}

function signalGroup(leader: number, name: NodeJS.Signals): void {
  signal(process.platform === 'win32' ? leader : -leader, name);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: gone in the meantime, which is what was wanted
  }
}
