import { readFile, statfs } from 'node:fs/promises';
import { cpus, freemem, hostname, loadavg, totalmem, uptime } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { messageOf } from '../shared/faults.js';
import { addTool, READS } from '../shared/tool.js';
import type { MonitoringContext } from './context.js';
import { bytes, lines, rounded } from './format.js';

const SAMPLE_MS = 500;

const diskSchema = z.object({
  path: z.string(),
  totalBytes: z.number().nullable(),
  freeBytes: z.number().nullable(),
  usedPercent: z.number().nullable(),
  error: z.string().nullable(),
});

/** The machine that this server runs on; in a container, as far as the container sees it. */
export function addHostTool(server: McpServer, { settings }: MonitoringContext): void {
  addTool(server, 'host_usage', {
    title: 'Host Usage',
    description: 'CPU, load, memory, swap and disks of the machine that this server runs on',
    input: z.object({}),
    output: z.object({
      host: z.string(),
      uptimeSeconds: z.number(),
      cpus: z.number(),
      cpuPercent: z.number().describe('Of all CPUs together'),
      load: z.array(z.number()).describe('Over 1, 5 and 15 minutes'),
      memoryTotalBytes: z.number(),
      memoryAvailableBytes: z.number(),
      memoryUsedPercent: z.number(),
      swapTotalBytes: z.number().nullable(),
      swapFreeBytes: z.number().nullable(),
      disks: z.array(diskSchema),
    }),
    hints: READS,
    run: async () => {
      const [cpuPercent, memory, disks] = await Promise.all([
        cpuUse(settings.procFolder),
        memoryOf(settings.procFolder),
        Promise.all(settings.diskPaths.map(diskOf)),
      ]);
      const load = loadavg().map((value) => rounded(value, 2));
      const data = { host: hostname(), uptimeSeconds: Math.round(uptime()), cpus: cpus().length, cpuPercent, load, ...memory, disks };
      const rows = disks.map((disk) =>
        disk.error === null ? `${disk.path}: ${disk.usedPercent} % used, ${bytes(disk.freeBytes ?? 0)} free` : `${disk.path}: ${disk.error}`,
      );
      const text = `CPU ${cpuPercent} % of ${data.cpus}, load ${load.join(' ')}; memory ${memory.memoryUsedPercent} % of ${bytes(memory.memoryTotalBytes)}`;
      return { data, text: lines([text, ...rows], '') };
    },
  });
}

async function cpuUse(proc: string): Promise<number> {
  const before = await cpuTimes(proc);
  await delay(SAMPLE_MS);
  const after = await cpuTimes(proc);
  const total = after.total - before.total;
  return total <= 0 ? 0 : rounded(100 * (1 - (after.idle - before.idle) / total), 1);
}

async function cpuTimes(proc: string): Promise<{ total: number; idle: number }> {
  const stat = await readFile(join(proc, 'stat'), 'utf8').catch(() => '');
  // user nice system idle iowait irq softirq steal; guest time is in user already.
  const times = (/^cpu +(.+)$/m.exec(stat)?.[1] ?? '').split(' ').slice(0, 8).map(Number);
  if (times.length === 8) return { total: times.reduce((sum, time) => sum + time, 0), idle: (times[3] ?? 0) + (times[4] ?? 0) };
  const all = cpus().map((cpu) => cpu.times);
  return {
    total: all.reduce((sum, time) => sum + time.user + time.nice + time.sys + time.idle + time.irq, 0),
    idle: all.reduce((sum, { idle }) => sum + idle, 0),
  };
}

async function memoryOf(proc: string) {
  const text = await readFile(join(proc, 'meminfo'), 'utf8').catch(() => '');
  const of = (name: string): number | null => {
    const found = new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1];
    return found === undefined ? null : Number(found) * 1024;
  };
  const total = of('MemTotal') ?? totalmem();
  const available = of('MemAvailable') ?? freemem();
  return {
    memoryTotalBytes: total,
    memoryAvailableBytes: available,
    memoryUsedPercent: rounded(100 * (1 - available / total), 1),
    swapTotalBytes: of('SwapTotal'),
    swapFreeBytes: of('SwapFree'),
  };
}

async function diskOf(path: string): Promise<z.output<typeof diskSchema>> {
  try {
    const { blocks, bfree, bavail, bsize } = await statfs(path);
    const used = blocks - bfree;
    // As df has it: what is reserved for root counts as neither used nor free.
    const usedPercent = used + bavail > 0 ? rounded((100 * used) / (used + bavail), 1) : 0;
    return { path, totalBytes: blocks * bsize, freeBytes: bavail * bsize, usedPercent, error: null };
  } catch (error) {
    return { path, totalBytes: null, freeBytes: null, usedPercent: null, error: messageOf(error) };
  }
}
