import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const INITS = ['tini', 'dumb-init', 'catatonit'];

/**
 * A shell that stays PID 1: it hands signals on, reaps every orphan that the kernel gives it (`wait` collects
 * any child), and exits with the program's own code.
 */
const SHELL_INIT = `
"$@" &
child=$!
trap 'kill -TERM $child 2>/dev/null' TERM
trap 'kill -INT $child 2>/dev/null' INT
trap 'kill -HUP $child 2>/dev/null' HUP
while :; do
  wait $child
  code=$?
  kill -0 $child 2>/dev/null || exit $code
done`;

/** What has to be known of a process to replace it. */
type Self = Pick<NodeJS.Process, 'pid' | 'platform' | 'execPath' | 'execArgv' | 'argv' | 'env'> & { execve?: NodeJS.Process['execve'] };

/** The command line under which this program reaps orphans as PID 1, from the given PATH. */
export function initCommand(path: string, argv: readonly string[]): [file: string, ...args: string[]] {
  for (const name of INITS) {
    const file = findOnPath(path, name);
    if (file) return [file, name, '--', ...argv];
  }
  return ['/bin/sh', 'sh', '-c', SHELL_INIT, 'hearth-init', ...argv];
}

/**
 * As PID 1 of a container, hands its place to an init that reaps: Node waits for its own children only, so
 * orphans of the servers (chromium's helpers, for one) would stay zombies. Returns if this is not PID 1 or the
 * runtime cannot replace itself.
 */
export function becomeChildOfInit(self: Self = process): void {
  if (self.pid !== 1 || self.platform !== 'linux' || typeof self.execve !== 'function') return;
  const [file, ...args] = initCommand(self.env.PATH ?? '', [self.execPath, ...self.execArgv, ...self.argv.slice(1)]);
  self.execve(file, args, self.env);
}

/** The program of a name in the first folder of a PATH that has it, if any has. */
export function findOnPath(path: string, name: string): string | undefined {
  return path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/** Whether a file can be run. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
