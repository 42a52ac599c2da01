import { z } from 'zod';

const HEADER = 8;

/** Docker sends the output of a container without a terminal in frames: stream, three zeros, length; of one with a terminal as it is. */
export function demultiplex(body: Buffer): string {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + HEADER <= body.length) {
    const isFrame = (body[at] ?? 9) <= 2 && body.readUIntBE(at + 1, 3) === 0;
    if (!isFrame) return at === 0 ? body.toString('utf8') : Buffer.concat(parts).toString('utf8');
    const length = body.readUInt32BE(at + 4);
    parts.push(body.subarray(at + HEADER, at + HEADER + length));
    at += HEADER + length;
  }
  return parts.length === 0 ? body.toString('utf8') : Buffer.concat(parts).toString('utf8');
}

const count = z.number().catch(0);
const cpuSchema = z
  .looseObject({ cpu_usage: z.looseObject({ total_usage: count }).catch({ total_usage: 0 }), system_cpu_usage: count, online_cpus: count })
  .catch({ cpu_usage: { total_usage: 0 }, system_cpu_usage: 0, online_cpus: 0 });
export const statsSchema = z.looseObject({
  cpu_stats: cpuSchema,
  precpu_stats: cpuSchema,
  memory_stats: z
    .looseObject({ usage: count, limit: count, stats: z.record(z.string(), z.unknown()).catch({}) })
    .catch({ usage: 0, limit: 0, stats: {} }),
  pids_stats: z.looseObject({ current: count }).catch({ current: 0 }),
  networks: z.record(z.string(), z.looseObject({ rx_bytes: count, tx_bytes: count })).catch({}),
});

export const statsOutput = z.object({
  container: z.string(),
  cpuPercent: z.number().describe('100 is one whole CPU'),
  memoryBytes: z.number().describe('Without the page cache, as docker stats shows it'),
  memoryLimitBytes: z.number(),
  memoryPercent: z.number(),
  processes: z.number(),
  receivedBytes: z.number(),
  sentBytes: z.number(),
});

/** As the docker command computes them. */
export function statsOf(container: string, { cpu_stats, precpu_stats, memory_stats, pids_stats, networks }: z.output<typeof statsSchema>) {
  const used = cpu_stats.cpu_usage.total_usage - precpu_stats.cpu_usage.total_usage;
  const passed = cpu_stats.system_cpu_usage - precpu_stats.system_cpu_usage;
  const cpus = cpu_stats.online_cpus || 1;
  const { inactive_file: v2, total_inactive_file: v1 } = memory_stats.stats;
  const cache = typeof v2 === 'number' ? v2 : typeof v1 === 'number' ? v1 : 0;
  const memory = Math.max(0, memory_stats.usage - cache);
  const hundredth = (value: number): number => Math.round(value * 100) / 100;
  return {
    container,
    cpuPercent: used > 0 && passed > 0 ? hundredth((used / passed) * cpus * 100) : 0,
    memoryBytes: memory,
    memoryLimitBytes: memory_stats.limit,
    memoryPercent: memory_stats.limit > 0 ? hundredth((memory / memory_stats.limit) * 100) : 0,
    processes: pids_stats.current,
    receivedBytes: Object.values(networks).reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    sentBytes: Object.values(networks).reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
  };
}
