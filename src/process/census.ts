import { readdir, readFile } from 'node:fs/promises';

/** What a group of child trees uses, counted from `/proc`. */
export interface Census {
  readonly processes: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  readonly openFds: number;
}

const PAGE_BYTES = 4096;
const TICKS_PER_SECOND = 100;
const NOTHING: Census = { processes: 0, residentBytes: 0, cpuSeconds: 0, openFds: 0 };

/**
 * Counts the process groups led by children. Each child leads a group of its own, so the group id tells whose a
 * process is. Linux only; elsewhere everything is zero.
 *
 * @param leaders pids of children
 */
export async function censusOf(leaders: readonly number[]): Promise<Census> {
  if (leaders.length === 0) return NOTHING;
  const entries = await readdir('/proc').catch(() => []);
  const counted = await Promise.all(entries.filter((entry) => /^\d+$/.test(entry)).map((pid) => countOne(pid, leaders)));
  return counted.reduce(
    (sum, one) => ({
      processes: sum.processes + one.processes,
      residentBytes: sum.residentBytes + one.residentBytes,
      cpuSeconds: sum.cpuSeconds + one.cpuSeconds,
      openFds: sum.openFds + one.openFds,
    }),
    NOTHING,
  );
}

async function countOne(pid: string, leaders: readonly number[]): Promise<Census> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Fields after the command name, which is in parentheses: state is the 3rd field of proc(5), so index 0 here.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (!leaders.includes(Number(fields[2]))) return NOTHING;
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return {
    processes: 1,
    residentBytes: Number(fields[21]) * PAGE_BYTES,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    openFds: fds.length,
  };
}
