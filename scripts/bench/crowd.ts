import { start } from './arena.ts';
import type { Client } from './client.ts';
import { type Contestant, hub } from './contestants.ts';
import { closeAll, openSessions } from './load.ts';
import { pause } from './proc.ts';

/** What many sessions that do nothing cost, all together. */
export interface Crowd {
  readonly transport: Contestant['transport'];
  readonly sessions: number;
  /** Resident memory without them and with them, in MB. */
  readonly restMb: number;
  readonly crowdMb: number;
  /** CPU time of the process while nothing happens, of one core. */
  readonly cpuPercent: number;
}

const OPENING = 100;
const SETTLE_MS = 3_000;
const LOOK_MS = 10_000;

/** @throws Error when a session cannot be opened */
export async function measureCrowds(sessions: number, folder: string): Promise<Crowd[]> {
  const crowds: Crowd[] = [];
  for (const transport of ['http', 'sse'] as const) crowds.push(await measureCrowd(transport, sessions, folder));
  return crowds;
}

async function measureCrowd(transport: Crowd['transport'], sessions: number, folder: string): Promise<Crowd> {
  // One server, with room for so many sessions of one client.
  const { subject, ...running } = await start({ ...hub(transport, 1), name: 'hearth', target: {} }, folder);
  try {
    const restMb = subject.rss() / 1024;
    const clients: Client[] = [];
    while (clients.length < sessions) clients.push(...(await openSessions({ ...running, subject }, Math.min(OPENING, sessions - clients.length))));
    await pause(SETTLE_MS);
    const before = subject.cpu();
    await pause(LOOK_MS);
    const crowd = { transport, sessions, restMb, crowdMb: subject.rss() / 1024, cpuPercent: (subject.cpu() - before) / (LOOK_MS * 10) };
    await closeAll(clients);
    return crowd;
  } finally {
    await subject.stop();
  }
}
