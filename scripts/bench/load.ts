import { type Running, withTimeout } from './arena.ts';
import { Client } from './client.ts';

/** What a round of calls has shown. */
export interface Load {
  readonly callsPerSecond: number;
  /** CPU time of the proxy alone for one call, in microseconds. */
  readonly cpuPerCall: number;
  readonly p50: number;
  readonly p95: number;
  /** Replies that were wrong, refused, or never came. */
  readonly wrong: number;
}

/** Longest that a call may take before it counts as never answered, in milliseconds. */
const ANSWER_MS = 10_000;

/** @param sessions how many @param inFlight calls at once in each */
export async function openSessions({ target }: Running, sessions: number): Promise<Client[]> {
  const clients = Array.from({ length: sessions }, () => Client.of(target));
  await withTimeout(Promise.all(clients.map((client) => client.open())), ANSWER_MS);
  return clients;
}

/** Calls the echo tool for a while. @param inFlight calls at once in each session */
export async function callFor({ subject }: Running, clients: readonly Client[], inFlight: number, ms: number): Promise<Load> {
  const latencies: number[] = [];
  let unanswered = 0;
  const rightBefore = sumOf(clients, 'right');
  const wrongBefore = sumOf(clients, 'wrong');
  const cpuBefore = subject.cpu();
  const startedAt = performance.now();
  const end = startedAt + ms;
  const caller = async (client: Client, name: string): Promise<void> => {
    for (let n = 0; performance.now() < end; n++) latencies.push(await client.echo(`${name}-${n}`));
  };
  const callers = clients.flatMap((client, session) => Array.from({ length: inFlight }, (_, slot) => caller(client, `${session}/${slot}`)));
  const settled = callers.map((done) =>
    withTimeout(
      done.then(() => true),
      ms + ANSWER_MS,
    ),
  );
  for (const done of await Promise.all(settled)) if (!done) unanswered++;
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = subject.cpu() - cpuBefore;
  const right = sumOf(clients, 'right') - rightBefore;
  latencies.sort((a, b) => a - b);
  return {
    callsPerSecond: right / seconds,
    cpuPerCall: cpu / Math.max(1, latencies.length),
    p50: latencies[Math.floor(latencies.length / 2)] ?? Number.NaN,
    p95: latencies[Math.floor(latencies.length * 0.95)] ?? Number.NaN,
    wrong: sumOf(clients, 'wrong') - wrongBefore + unanswered,
  };
}

export async function closeAll(clients: readonly Client[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}

function sumOf(clients: readonly Client[], what: 'right' | 'wrong'): number {
  return clients.reduce((sum, client) => sum + client[what], 0);
}
