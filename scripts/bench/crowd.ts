import { type Contestant, roomy } from './contestants.ts';
import { measureSessions } from './measures.ts';

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

const LOOK_MS = 10_000;

/** @throws Error when a session cannot be opened */
export async function measureCrowds(sessions: number, folder: string): Promise<Crowd[]> {
  const crowds: Crowd[] = [];
  for (const transport of ['http', 'sse'] as const) {
    const sample = await measureSessions(roomy(transport), folder, sessions, LOOK_MS);
    const of = (figure: string): number => sample[figure] ?? Number.NaN;
    crowds.push({ transport, sessions, restMb: of('rest.rssMb'), crowdMb: of('idle.rssMb'), cpuPercent: of('idle.cpuPercent') });
  }
  return crowds;
}
