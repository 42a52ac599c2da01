import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCgroup } from '../../src/process/cgroup.js';
import type { ContainerUsage } from '../../src/telemetry/container-metrics.js';
import { TempFolder } from '../support/temp.js';

/** What is read in a file system with these files. */
async function readIn(files: Record<string, string>): Promise<ContainerUsage | undefined> {
  using root = new TempFolder();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(root.file(path)), { recursive: true });
    await writeFile(root.file(path), text);
  }
  return await readCgroup(root.path);
}

const V2 = {
  'memory.current': '1000000\n',
  'memory.stat': 'anon 600000\ninactive_file 250000\nactive_file 1\n',
  'memory.max': '2000000\n',
  'memory.events': 'low 0\noom 4\noom_kill 3\n',
  'cpu.stat': 'usage_usec 2500000\nuser_usec 1\nnr_throttled 7\nthrottled_usec 500000\n',
  'cpu.max': '150000 100000\n',
};
const under = (folder: string, files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`sys/fs/cgroup/${folder}${name}`, text]));

const SEEN = {
  workingSetBytes: 750_000,
  memoryLimitBytes: 2_000_000,
  cpuSeconds: 2.5,
  throttledSeconds: 0.5,
  cpuLimitCores: 1.5,
  oomKills: 3,
};

const V1_PROC = '9:name=systemd:/a\n4:memory:/docker/a\n2:cpu,cpuacct:/docker/a\n0::/a\n';
const V1 = {
  'memory/docker/a/memory.usage_in_bytes': '1000000\n',
  'memory/docker/a/memory.stat': 'inactive_file 1\ntotal_inactive_file 250000\n',
  'memory/docker/a/memory.limit_in_bytes': '2000000\n',
  'memory/docker/a/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
  'cpuacct/docker/a/cpuacct.usage': '2500000000\n',
  'cpu/docker/a/cpu.stat': 'nr_periods 9\nthrottled_time 500000000\n',
  'cpu/docker/a/cpu.cfs_quota_us': '150000\n',
  'cpu/docker/a/cpu.cfs_period_us': '100000\n',
};

describe('readCgroup', () => {
  it('reads version 2, at the own path or at the root of a namespace', async () => {
    expect(await readIn({ 'proc/self/cgroup': '0::/a/b\n', ...under('a/b/', V2) })).toEqual(SEEN);
    expect(await readIn({ 'proc/self/cgroup': '0::/a/b\n', ...under('', V2) })).toEqual(SEEN);
  });

  it('reads version 1, whose counters are in other units, also beside an empty tree of version 2', async () => {
    expect(await readIn({ 'proc/self/cgroup': V1_PROC, ...under('', V1) })).toEqual(SEEN);
    const inside = Object.fromEntries(Object.entries(V1).map(([name, text]) => [name.replace('/docker/a', ''), text]));
    expect(await readIn({ 'proc/self/cgroup': V1_PROC, ...under('', inside) })).toEqual(SEEN);
  });

  it('tells unlimited from a limit', async () => {
    const v2 = { ...V2, 'memory.max': 'max\n', 'cpu.max': 'max 100000\n' };
    expect(await readIn({ 'proc/self/cgroup': '0::/\n', ...under('', v2) })).toEqual({
      ...SEEN,
      memoryLimitBytes: undefined,
      cpuLimitCores: undefined,
    });
    const v1 = { ...V1, 'memory/docker/a/memory.limit_in_bytes': '9223372036854771712\n', 'cpu/docker/a/cpu.cfs_quota_us': '-1\n' };
    expect(await readIn({ 'proc/self/cgroup': V1_PROC, ...under('', v1) })).toEqual({
      ...SEEN,
      memoryLimitBytes: undefined,
      cpuLimitCores: undefined,
    });
  });

  it('counts what the kernel does not count as 0, and is nothing where there is no cgroup', async () => {
    const bare = { 'memory.current': '5\n' };
    const read = await readIn({ 'proc/self/cgroup': '0::/\n', ...under('', bare) });
    expect(read).toEqual({
      workingSetBytes: 5,
      memoryLimitBytes: undefined,
      cpuSeconds: 0,
      throttledSeconds: 0,
      cpuLimitCores: undefined,
      oomKills: 0,
    });
    expect(await readIn({})).toBeUndefined();
    expect(await readIn({ 'proc/self/cgroup': 'what\n3:pids:/\n' })).toBeUndefined();
    expect(await readIn({ 'proc/self/cgroup': V1_PROC })).toBeUndefined();
  });

  it('reads the one of this process where there is one', async (context) => {
    const usage = await readCgroup();
    if (!usage) return context.skip('no cgroup with a memory controller can be read here');
    expect(usage.workingSetBytes).toBeGreaterThan(1e6);
    expect(usage.cpuSeconds).toBeGreaterThan(0);
  });
});
