import { type Running, start } from './arena.ts';
import { type Contestant, hub, roomy, WRAPPER } from './contestants.ts';
import { callFor, closeAll, openSessions } from './load.ts';

/** How the cost of a call grows with something. */
export interface Growth {
  readonly what: 'sessions' | 'servers' | 'tools';
  /** Pairs of how many, and CPU time of hearth for one call in microseconds. */
  readonly points: ReadonlyArray<readonly [count: number, cpuPerCall: number]>;
}

export interface GrowthPlan {
  readonly sessions: readonly number[];
  readonly servers: readonly number[];
  readonly tools: readonly number[];
  /** Time of one load, in milliseconds. */
  readonly loadMs: number;
}

const CALLERS = 32;
const OPENING = 100;

/** Cost of a call while more and more sessions are open, servers are behind a hub, and tools are on its list. */
export async function measureGrowth(plan: GrowthPlan, folder: string): Promise<Growth[]> {
  const wrapper = WRAPPER.find(({ transport }) => transport === 'http') as Contestant;
  const bySessions: Array<readonly [number, number]> = [];
  await running(roomy('http'), folder, 3, async (subject) => {
    const idle = [];
    for (const count of plan.sessions) {
      while (idle.length + CALLERS < count) idle.push(...(await openSessions(subject, Math.min(OPENING, count - CALLERS - idle.length))));
      bySessions.push([count, await cost(subject, Math.min(CALLERS, count), plan.loadMs)]);
    }
    await closeAll(idle);
  });
  const byServers: Array<readonly [number, number]> = [];
  for (const count of plan.servers) {
    const contestant = count === 1 ? wrapper : hub('http', count);
    await running(contestant, folder, 3, async (subject) => void byServers.push([count, await cost(subject, CALLERS, plan.loadMs)]));
  }
  const byTools: Array<readonly [number, number]> = [];
  for (const count of plan.tools) {
    await running(wrapper, folder, count, async (subject) => void byTools.push([count, await cost(subject, CALLERS, plan.loadMs)]));
  }
  return [
    { what: 'sessions', points: bySessions },
    { what: 'servers', points: byServers },
    { what: 'tools', points: byTools },
  ];
}

async function running(contestant: Contestant, folder: string, tools: number, use: (subject: Running) => Promise<void>): Promise<void> {
  const subject = await start(contestant, folder, tools);
  try {
    await use(subject);
  } finally {
    await subject.subject.stop();
  }
}

/** The least of three, for what else runs on the machine only ever adds to it. */
async function cost(subject: Running, sessions: number, ms: number): Promise<number> {
  const clients = await openSessions(subject, sessions);
  const costs: number[] = [];
  for (let round = 0; round < 4; round++) costs.push((await callFor(subject, clients, 1, ms)).cpuPerCall);
  await closeAll(clients);
  return Math.min(...costs.slice(1));
}
