// What hearth costs, beside a bare forwarder and, with --peers, beside other proxies: one driver, interleaved rounds, medians.
// Writes docs/benchmarks.json, the tables in docs/benchmarks.md and the plots beside it.
//   npm run bench [-- --peers] [--quick] [--only TEXT] [--rounds N] [--dry-run]
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Running, start } from './bench/arena.ts';
import { type Contestant, FLOOR, GUARDED, hub, WRAPPER } from './bench/contestants.ts';
import { type Crowd, measureCrowds } from './bench/crowd.ts';
import { type Growth, type GrowthPlan, measureGrowth } from './bench/growth.ts';
import * as measures from './bench/measures.ts';
import { installPeers } from './bench/peers.ts';
import { type Results, writeReport } from './bench/report.ts';
import { figureOf } from './bench/stats.ts';

const { values: flags } = parseArgs({
  options: {
    peers: { type: 'boolean' },
    quick: { type: 'boolean' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
});

const FULL: measures.Plan = {
  rounds: 3,
  loadMs: 1_000,
  warmMs: 4_000,
  operations: 400,
  sizes: [1, 8, 32, 64],
  events: 20_000,
  idleSessions: 500,
  peerSessions: 20,
};
const QUICK: measures.Plan = {
  rounds: 2,
  loadMs: 300,
  warmMs: 2_000,
  operations: 60,
  sizes: [1, 8],
  events: 2_000,
  idleSessions: 100,
  peerSessions: 10,
};
const GROWTH: GrowthPlan = { sessions: [1, 10, 100, 500, 1_000, 2_000], servers: [1, 9, 25, 50], tools: [10, 100, 1_000, 5_000], loadMs: 500 };
const QUICK_GROWTH: GrowthPlan = { sessions: [1, 100], servers: [1, 9], tools: [10, 1_000], loadMs: 200 };

const usual = flags.quick ? QUICK : FULL;
const plan: measures.Plan = { ...usual, rounds: Number(flags.rounds ?? usual.rounds) };
const folder = mkdtempSync(join(tmpdir(), 'hearth-bench-'));
const startedAt = performance.now();
const [load = 0] = loadavg();
const samples = new Map<string, measures.Sample[]>();
const failed = new Map<string, string>();

const { contestants: peers, missing } = flags.peers ? await installPeers() : { contestants: [], missing: [] };
if (missing.length > 0) console.log(`not to be had here: ${missing.join(', ')}`);
const all: Contestant[] = [...FLOOR, ...WRAPPER, hub('http'), hub('sse'), ...GUARDED, ...peers];
const contestants = flags.only === undefined ? all : all.filter(({ name, kind }) => kind === 'floor' || name.includes(flags.only ?? ''));

let growth: Growth[] = [];
let crowds: Crowd[] = [];
try {
  for (let round = 0; round < plan.rounds; round++) await runRound(round);
  if (flags.only === undefined) {
    const growing = flags.quick ? QUICK_GROWTH : GROWTH;
    growth = await measureGrowth(growing, folder);
    crowds = await measureCrowds(Math.max(...growing.sessions), folder);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const results: Results = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  load,
  cores: availableParallelism(),
  plan,
  minutes: (performance.now() - startedAt) / 60_000,
  contestants: contestants.map(({ name, kind, transport }) => ({ name, kind, transport, figures: figuresOf(samples.get(name) ?? []) })),
  growth,
  crowds,
  missing: [...missing, ...[...failed].map(([name, why]) => `${name}: ${why}`)],
};
writeReport(results, flags['dry-run'] !== true && flags.only === undefined);
process.exit();

/** Every contestant in turn, so that what else the machine does hits all alike. */
async function runRound(round: number): Promise<void> {
  for (const contestant of contestants) {
    if (failed.has(contestant.name)) continue;
    try {
      const sample = { ...(await whole(contestant, round)), ...(await measures.measureStart(contestant, folder)) };
      samples.set(contestant.name, [...(samples.get(contestant.name) ?? []), sample]);
      const brief = ['sessions', 'flight'].map((shape) => `${Math.round(sample[`${shape}.callsPerSecond`] ?? 0)}/s`);
      console.log(`round ${round + 1}, ${contestant.name}: ${brief.join(', ')}, start ${Math.round(sample['start.ms'] ?? 0)} ms`);
    } catch (error) {
      failed.set(contestant.name, error instanceof Error ? error.message : String(error));
      console.log(`${contestant.name}: ${failed.get(contestant.name)}`);
    }
  }
}

/** What takes long with peers is measured once with them. */
async function whole(contestant: Contestant, round: number): Promise<measures.Sample> {
  const isBrief = contestant.kind === 'peer' && round > 0;
  const running: Running = await start(contestant, folder);
  let sample: measures.Sample;
  try {
    const load = await measures.measureLoad(running, plan);
    const operations = await measures.measureOperations(running, plan);
    const large = isBrief ? {} : { ...(await measures.measureSizes(running, plan)), ...(await measures.measureStream(running, plan)) };
    sample = { ...load, ...operations, ...large };
  } finally {
    await running.subject.stop();
  }
  return isBrief
    ? sample
    : { ...sample, ...(await measures.measureSessions(contestant, folder, contestant.kind === 'peer' ? plan.peerSessions : plan.idleSessions)) };
}

function figuresOf(rounds: readonly measures.Sample[]): Results['contestants'][number]['figures'] {
  const names = new Set(rounds.flatMap((round) => Object.keys(round)));
  return Object.fromEntries([...names].map((name) => [name, figureOf(rounds.flatMap((round) => round[name] ?? []))]));
}
