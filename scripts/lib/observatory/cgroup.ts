import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A place with limits in which one wrapper runs, so that what shows limits has something to show. */
export interface Limited {
  /** Tells the fixture where to go. */
  readonly env: Record<string, string>;
  /** From now on the memory limit follows what is used, so that it is always this share of it: nobody is killed. */
  tighten(share: number): void;
  /** Once it is empty. */
  remove(): void;
}

const ROOT = '/sys/fs/cgroup';
const FOLLOW_MS = 250;

/**
 * Makes a cgroup (version 1) for memory and CPU below this process's own. @returns undefined where that may not be done, as in
 * most containers, or where the system has version 2 only
 */
export function makeLimited(): Limited | undefined {
  const own = (controller: string): string | undefined =>
    new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, 'm').exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  const folders: string[] = [];
  try {
    for (const controller of ['memory', 'cpu', 'cpuacct']) {
      const path = own(controller);
      if (path === undefined) return undefined;
      const folder = join(ROOT, controller, path, `hearth-${process.pid}`);
      if (!existsSync(folder)) mkdirSync(folder);
      folders.push(folder);
    }
    const [memory = '', cpu = ''] = folders;
    writeFileSync(join(cpu, 'cpu.cfs_quota_us'), '100000');
    const limitOf = (bytes: number): void => writeFileSync(join(memory, 'memory.limit_in_bytes'), String(Math.round(bytes)));
    limitOf(512 * 2 ** 20);
    const follow = (share: number): void => {
      const usage = Number(readFileSync(join(memory, 'memory.usage_in_bytes'), 'utf8'));
      const cache = Number(/^total_inactive_file (\d+)$/m.exec(readFileSync(join(memory, 'memory.stat'), 'utf8'))?.[1]);
      limitOf((usage - cache) / share);
    };
    let timer: NodeJS.Timeout | undefined;
    return {
      env: { HEARTH_TEST_CGROUPS: folders.join(':') },
      tighten(share) {
        follow(share);
        timer = setInterval(() => follow(share), FOLLOW_MS);
      },
      remove() {
        clearInterval(timer);
        removeAll(folders);
      },
    };
  } catch {
    removeAll(folders);
    return undefined;
  }
}

function removeAll(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      // somebody is still in there; it is empty space in the kernel, and gone at the next boot
    }
  }
}
