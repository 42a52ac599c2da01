// Fails when a call through hearth costs much more than it should, told by CPU time beside a bare forwarder's in the same
// minute: a slow or busy machine makes both dearer. Interleaved rounds; the median of their ratios.
//   node scripts/bench-guard.ts
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Running, start } from './bench/arena.ts';
import { FLOOR, WRAPPER } from './bench/contestants.ts';
import { callFor, closeAll, openSessions } from './bench/load.ts';
import { warmUp } from './bench/measures.ts';
import { figureOf } from './bench/stats.ts';

const ROUNDS = 9;
const LOAD_MS = 350;
const WARM_MS = 1_200;
const SESSIONS = 32;
/** What a call may cost, in calls of the forwarder: 1.4 times what it cost when this was written (docs/benchmarks.md). */
const LIMITS = { http: 2.1, sse: 1.75 } as const;

const folder = mkdtempSync(join(tmpdir(), 'hearth-guard-'));
const running: Running[] = [];
try {
  for (const contestant of [...FLOOR, ...WRAPPER]) running.push(await start(contestant, folder));
  for (const one of running) await warmUp(one, WARM_MS);
  const ratios: Record<'http' | 'sse', number[]> = { http: [], sse: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const transport of ['http', 'sse'] as const) {
      const [floor, hearth] = running.filter(({ contestant }) => contestant.transport === transport) as [Running, Running];
      const base = await cost(floor);
      ratios[transport].push((await cost(hearth)) / base);
    }
  }
  for (const transport of ['http', 'sse'] as const) {
    const { median, min, max } = figureOf(ratios[transport]);
    const limit = LIMITS[transport];
    const isFine = median <= limit;
    if (!isFine) process.exitCode = 1;
    const found = `${median.toFixed(2)} times the forwarder's CPU time (${min.toFixed(2)} to ${max.toFixed(2)}), at most ${limit}`;
    console.log(`a call over ${transport}: ${found}${isFine ? '' : ': too much. See npm run bench, and docs/benchmarks.md for how to find out why'}`);
  }
} finally {
  for (const { subject } of running) await subject.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

/** @throws Error when a reply is wrong */
async function cost(one: Running): Promise<number> {
  const clients = await openSessions(one, SESSIONS);
  const { cpuPerCall, wrong } = await callFor(one, clients, 1, LOAD_MS);
  await closeAll(clients);
  if (wrong > 0) throw new Error(`${one.contestant.name}: ${wrong} replies were wrong or never came`);
  return cpuPerCall;
}
