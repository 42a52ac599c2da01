import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { MARKER } from './env.js';

/**
 * Waits for the end of its stdin, which comes when hearth ends, even by SIGKILL, and then ends what hearth has left
 * behind: the groups it was told of, and every process that carries hearth's mark, wherever it moved. First TERM, a
 * moment later KILL. Lines "+PID" and "-PID" keep the list of groups.
 */
const SCRIPT = `
trap '' TERM INT HUP
groups=
while read -r line; do
  case $line in
    +*) groups="$groups \${line#+}" ;;
    -*) kept=
        for group in $groups; do [ "$group" = "\${line#-}" ] || kept="$kept $group"; done
        groups=$kept ;;
  esac
done
marked() { grep -lsa "${MARKER}=$1" /proc/[0-9]*/environ | cut -d/ -f3; }
for signal in TERM KILL; do
  for group in $groups; do kill -$signal -- "-$group" 2>/dev/null; done
  for pid in $(marked "$1"); do kill -$signal "$pid" 2>/dev/null; done
  [ -n "$groups$(marked "$1")" ] || exit 0
  [ $signal = KILL ] || sleep 1
done`;

type Shell = ChildProcessByStdio<Writable, null, null>;

/** A shell that outlives hearth by the moment it takes to clean up after it. Costs about a megabyte. */
export class Watchdog {
  /** Begins every child's marker, so that all processes of this hearth can be told from others. */
  readonly owner = randomUUID();
  #shell: Shell | undefined;

  /** A child was started: its pid is the id of its group. */
  add(pid: number): void {
    this.#shell ??= this.#start();
    this.#shell.stdin.write(`+${pid}\n`);
  }

  /** A child and all of its tree are gone; the number may belong to others now. */
  remove(pid: number): void {
    this.#shell?.stdin.write(`-${pid}\n`);
  }

  /** Hearth ends in order: there is nothing left to clean up. */
  async close(): Promise<void> {
    this.#shell?.ref(); // or a process with nothing else to do would end before the one that it waits for
    const shell = this.#shell;
    if (!shell || shell.pid === undefined || shell.exitCode !== null || shell.signalCode !== null) return;
    shell.ref();
    shell.stdin.end();
    await once(shell, 'exit');
  }

  #start(): Shell {
    const shell = spawn('/bin/sh', ['-c', SCRIPT, 'hearth-watchdog', this.owner], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true, // not in hearth's group: a signal to that one must not end it
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    });
    shell.unref();
    shell.on('error', () => {}); // no shell on this system: children still see the end of their stdin
    shell.stdin.on('error', () => {});
    return shell;
  }
}
