// What counting and logging cost on the way of a call: the program as it is, and the same with nothing counted and next to
// nothing logged. Both run side by side and are called in turn, in short rounds, so that what else the machine does hits both.
// CPU time of the proxy for one call; the least disturbed round of each counts.
//   npm run bench:observability
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Running, start } from './bench/arena.ts';
import { OBSERVED } from './bench/contestants.ts';
import { callFor, closeAll, openSessions } from './bench/load.ts';

const ROUNDS = 16;
const ROUND_MS = 1_000;
const WARM_MS = 3_000;
const SHAPES = [
  { name: '32 sessions, 1 call each', sessions: 32, inFlight: 1 },
  { name: '1 session, 64 calls in flight', sessions: 1, inFlight: 64 },
];

const folder = mkdtempSync(join(tmpdir(), 'hearth-bench-'));
const running: Running[] = [];
try {
  for (const contestant of OBSERVED) running.push(await start(contestant, folder));
  console.log('| shape | as it is, us a call | nothing counted or logged, us a call | cost |\n|---|---|---|---|');
  for (const { name, sessions, inFlight } of SHAPES) {
    const [on = 0, off = 0] = await leastOf(sessions, inFlight);
    console.log(`| ${name} | ${on.toFixed(1)} | ${off.toFixed(1)} | ${((on / off - 1) * 100).toFixed(1)}% |`);
  }
} finally {
  for (const { subject } of running) await subject.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

/** The least CPU time of a call in any round, of each contestant. */
async function leastOf(sessions: number, inFlight: number): Promise<number[]> {
  const clients = await Promise.all(running.map((one) => openSessions(one, sessions)));
  const least = running.map(() => Number.POSITIVE_INFINITY);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [index, one] of running.entries()) {
      const { cpuPerCall, wrong } = await callFor(one, clients[index] ?? [], inFlight, round < 0 ? WARM_MS : ROUND_MS);
      if (wrong > 0) throw new Error(`${wrong} answers of ${one.contestant.name} were wrong`);
      if (round >= 0) least[index] = Math.min(least[index] ?? cpuPerCall, cpuPerCall);
    }
  }
  await Promise.all(clients.map(closeAll));
  return least;
}
