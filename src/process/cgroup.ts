import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerUsage } from '../telemetry/container-metrics.js';

/** Version 1 writes "no limit" as the largest multiple of the page size, about 2^63. */
const V1_UNLIMITED = 2 ** 62;

/**
 * Reads the own cgroup, version 2 or 1 (Linux, `admin-guide/cgroup-v2` and `cgroup-v1`). Needs no privileges.
 *
 * @param root of the file system; another one in tests
 * @returns undefined where there is none: not Linux, or not mounted
 */
export async function readCgroup(root = '/'): Promise<ContainerUsage | undefined> {
  const own = await text(join(root, 'proc/self/cgroup'));
  const paths = new Map(own.split('\n').flatMap(ownPaths));
  const mount = join(root, 'sys/fs/cgroup');
  // A hybrid system has the unified tree too, but its controllers are where the lines of version 1 say.
  if (paths.has('memory')) return readV1(mount, paths);
  return paths.has('') ? readV2(mount, paths.get('') as string) : undefined;
}

/** `4:memory:/a` and `0::/a`: each controller with its path; the unified tree has no name. */
function ownPaths(line: string): Array<readonly [string, string]> {
  const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
  if (controllers === undefined || path === undefined) return [];
  return controllers.split(',').map((controller) => [controller, path]);
}

async function readV2(mount: string, path: string): Promise<ContainerUsage | undefined> {
  const read = reader(mount, path);
  const [current, stat, max, cpu, cpuMax, events] = await Promise.all(
    ['memory.current', 'memory.stat', 'memory.max', 'cpu.stat', 'cpu.max', 'memory.events'].map(read),
  );
  if (!current) return undefined;
  const [quota, period] = (cpuMax ?? '').split(' ').map(Number);
  return {
    workingSetBytes: Math.max(0, Number(current) - field(stat, 'inactive_file')),
    memoryLimitBytes: finite(Number(max)),
    cpuSeconds: field(cpu, 'usage_usec') / 1e6,
    throttledSeconds: field(cpu, 'throttled_usec') / 1e6,
    cpuLimitCores: quota && period ? quota / period : undefined,
    oomKills: field(events, 'oom_kill'),
  };
}

async function readV1(mount: string, paths: ReadonlyMap<string, string>): Promise<ContainerUsage | undefined> {
  const of = (controller: string) => reader(join(mount, controller), paths.get(controller) ?? '/');
  const [memory, cpuacct, cpu] = [of('memory'), of('cpuacct'), of('cpu')];
  const [usage, stat, limit, oom] = await Promise.all(
    ['memory.usage_in_bytes', 'memory.stat', 'memory.limit_in_bytes', 'memory.oom_control'].map(memory),
  );
  const [used, cpuStat, quota, period] = await Promise.all([
    cpuacct('cpuacct.usage'),
    ...['cpu.stat', 'cpu.cfs_quota_us', 'cpu.cfs_period_us'].map(cpu),
  ]);
  if (!usage) return undefined;
  return {
    workingSetBytes: Math.max(0, Number(usage) - field(stat, 'total_inactive_file')),
    memoryLimitBytes: Number(limit) < V1_UNLIMITED ? finite(Number(limit)) : undefined,
    cpuSeconds: Number(used) / 1e9,
    throttledSeconds: field(cpuStat, 'throttled_time') / 1e9,
    cpuLimitCores: Number(quota) > 0 && Number(period) > 0 ? Number(quota) / Number(period) : undefined,
    oomKills: field(oom, 'oom_kill'),
  };
}

/** In a container the own cgroup is the root of what is mounted, while its path may be the host's. */
function reader(mount: string, path: string): (file: string) => Promise<string> {
  return async (file) => (await text(join(mount, path, file))) || text(join(mount, file));
}

/** The value of a `name value` line; 0 without one, as in kernels that do not count it. */
function field(lines: string | undefined, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(lines ?? '')?.[1] ?? 0);
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

/** Empty where the file cannot be read. */
async function text(file: string): Promise<string> {
  return (await readFile(file, 'utf8').catch(() => '')).trim();
}
