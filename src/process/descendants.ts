import { readdir, readFile } from 'node:fs/promises';
import { MARKER } from './env.js';

interface Stat {
  readonly pid: number;
  readonly zombie: boolean;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/**
 * Live processes that belong to a child: members of its process group or session, descendants by parent, and
 * strays that moved to a session of their own (`setsid`, double fork) but still carry the marker variable.
 * Linux only (`/proc`); elsewhere the list is empty and the process group has to do.
 *
 * @param leader pid of the child (also its group and session id)
 * @param marker value of the marker variable it was started with
 * @returns pids without the leader itself
 */
export async function treeOf(leader: number, marker: string): Promise<number[]> {
  const stats = await allProcesses();
  const members = new Set([leader]);
  for (const stat of stats) if (stat.group === leader || stat.session === leader) members.add(stat.pid);
  await Promise.all(
    stats.map(async ({ pid }) => {
      if (!members.has(pid) && (await carriesMarker(pid, marker))) members.add(pid);
    }),
  );
  addDescendants(stats, members);
  members.delete(leader);
  return [...members];
}

function addDescendants(stats: readonly Stat[], members: Set<number>): void {
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const { pid, parent } of stats) if (members.has(parent)) members.add(pid);
  }
}

async function allProcesses(): Promise<Stat[]> {
  const entries = await readdir('/proc').catch(() => []);
  const stats = await Promise.all(entries.filter((entry) => /^\d+$/.test(entry)).map((entry) => readStat(Number(entry))));
  return stats.filter((stat) => !stat.zombie && stat.pid !== process.pid);
}

/** One that has ended in the meantime belongs to nobody: its numbers are NaN. */
async function readStat(pid: number): Promise<Stat> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command name is in parentheses and may hold anything, so fields are counted from the last one.
  const [state, parent, group, session] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid, zombie: state === 'Z', parent: Number(parent), group: Number(group), session: Number(session) };
}

async function carriesMarker(pid: number, marker: string): Promise<boolean> {
  const environ = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return environ.includes(`${MARKER}=${marker}`);
}
