// Fails when a call through hearth costs much more than it should, told by CPU time beside a bare forwarder's in the same
// minute: a slow or busy machine makes both dearer. Interleaved rounds, the median of their ratios, and three attempts.
//   node scripts/bench-guard.ts
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Running, start } from './bench/arena.ts';
import { FLOOR, WRAPPER } from './bench/contestants.ts';
import { callFor, closeAll, openSessions } from './bench/load.ts';
import { warmUp } from './bench/measures.ts';
import { figureOf } from './bench/stats.ts';

const ATTEMPTS = 3;
const ROUNDS = 9;
const LOAD_MS = 350;
const WARM_MS = 3_000;
const SESSIONS = 32;
const TRANSPORTS = ['http', 'sse'] as const;
/** What a call may cost, in calls of the forwarder: 1.4 times what it cost when this was written (docs/benchmarks.md). */
const LIMITS = { http: 1.8, sse: 1.5 } as const;

const folder = mkdtempSync(join(tmpdir(), 'hearth-guard-'));
const running: Running[] = [];
try {
  for (const contestant of [...FLOOR, ...WRAPPER]) running.push(await start(contestant, folder));
  for (const one of running) await warmUp(one, WARM_MS);
  for (const transport of TRANSPORTS) if (!(await isFine(transport))) process.exitCode = 1;
} finally {
  for (const { subject } of running) await subject.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

/** What is too dear is so each time; a machine that is busy with something else is so now and then. */
async function isFine(transport: (typeof TRANSPORTS)[number]): Promise<boolean> {
  const [floor, hearth] = running.filter(({ contestant }) => contestant.transport === transport) as [Running, Running];
  const limit = LIMITS[transport];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const base = await cost(floor);
      ratios.push((await cost(hearth)) / base);
    }
    const { median, min, max } = figureOf(ratios);
    const found = `${median.toFixed(2)} times the forwarder's CPU time (${min.toFixed(2)} to ${max.toFixed(2)}), at most ${limit}`;
    console.log(`a call over ${transport}: ${found}`);
    if (median <= limit) return true;
  }
  console.log('That is too much. `npm run bench` tells more, and docs/benchmarks.md how to find out why.');
  return false;
}

/** @throws Error when a reply is wrong */
async function cost(one: Running): Promise<number> {
  const clients = await openSessions(one, SESSIONS);
  const { cpuPerCall, wrong } = await callFor(one, clients, 1, LOAD_MS);
  await closeAll(clients);
  if (wrong > 0) throw new Error(`${one.contestant.name}: ${wrong} replies were wrong or never came`);
  return cpuPerCall;
}
