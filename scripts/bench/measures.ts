import { type Running, start, withTimeout } from './arena.ts';
import { Client } from './client.ts';
import type { Contestant } from './contestants.ts';
import { callFor, closeAll, type Load, openSessions } from './load.ts';
import { pause } from './proc.ts';

/** One figure of one contestant in one round, by the name of what was measured. */
export type Sample = Readonly<Record<string, number>>;

/** How long and how large everything is. */
export interface Plan {
  readonly rounds: number;
  /** Time of one load, and before the first one, in milliseconds. */
  readonly loadMs: number;
  readonly warmMs: number;
  readonly operations: number;
  /** Sizes of large messages, in MiB. */
  readonly sizes: readonly number[];
  /** Progress notifications of one long call. */
  readonly events: number;
  readonly idleSessions: number;
  /** The same for peers, one of which starts a process for each. */
  readonly peerSessions: number;
}

const MIB = 2 ** 20;
/** What stands around the text of a large result: the limit is for the whole message. */
const AROUND = 1_024;
const LIMIT_MS = 30_000;
const SIZE_LIMIT_MS = 12_000;

/** Both load shapes, and one client alone. */
export async function measureLoad(running: Running, { loadMs, warmMs }: Plan): Promise<Sample> {
  await warmUp(running, warmMs);
  const shape = async (name: string, sessions: number, inFlight: number): Promise<Sample> => {
    const clients = await openSessions(running, sessions);
    const load = await callFor(running, clients, inFlight, loadMs);
    await closeAll(clients);
    return named(name, load);
  };
  return { ...(await shape('one', 1, 1)), ...(await shape('sessions', 32, 1)), ...(await shape('flight', 1, 64)) };
}

/** Until what is called often is compiled: a server runs for weeks. */
export async function warmUp(running: Running, ms: number): Promise<void> {
  const clients = await openSessions(running, 16);
  await callFor(running, clients, 2, ms);
  await closeAll(clients);
}

function named(shape: string, { callsPerSecond, cpuPerCall, p50, p95, wrong }: Load): Sample {
  return {
    [`${shape}.callsPerSecond`]: callsPerSecond,
    [`${shape}.cpuPerCall`]: cpuPerCall,
    [`${shape}.p50`]: p50,
    [`${shape}.p95`]: p95,
    [`${shape}.wrong`]: wrong,
  };
}

/** LiteLLM's habit: open, initialize, call, list, close, for every operation. Eight clients at once. */
export async function measureOperations({ target, subject }: Running, { operations }: Plan): Promise<Sample> {
  let [left, wrong] = [operations, 0];
  const operate = async (): Promise<void> => {
    while (left-- > 0) {
      const client = Client.of(target);
      const done = await withTimeout(
        (async () => {
          await client.open();
          await client.echo(`operation ${left}`);
          await client.list();
          return true;
        })().catch(() => undefined),
        LIMIT_MS,
      );
      wrong += done ? client.wrong : 1;
      await client.close();
    }
  };
  const cpuBefore = subject.cpu();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 8 }, operate));
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    'operation.perSecond': operations / seconds,
    'operation.cpu': (subject.cpu() - cpuBefore) / operations,
    'operation.wrong': wrong,
  };
}

/** Large results, one at a time. */
export async function measureSizes(running: Running, { sizes }: Plan): Promise<Sample> {
  const [client] = (await openSessions(running, 1)) as [Client];
  const sample: Record<string, number> = {};
  for (const size of sizes) {
    const ms = await withTimeout(client.blob(size * MIB - AROUND), SIZE_LIMIT_MS);
    if (ms === undefined) break; // larger ones would not come either
    sample[`size.${size}`] = client.wrong > 0 ? Number.NaN : ms;
  }
  sample['size.wrong'] = client.wrong;
  await client.close();
  return sample;
}

/** A long stream of progress. */
export async function measureStream(running: Running, { events }: Plan): Promise<Sample> {
  const [client] = (await openSessions(running, 1)) as [Client];
  const cpuBefore = running.subject.cpu();
  const ms = (await withTimeout(client.stream(events), LIMIT_MS)) ?? Number.NaN;
  await client.close();
  return {
    'stream.eventsPerSecond': (events / ms) * 1000,
    'stream.cpuPerEvent': (running.subject.cpu() - cpuBefore) / events,
    'stream.wrong': client.wrong,
  };
}

/**
 * Sessions that do nothing: what each costs in memory, and all of them in CPU time. A fresh process, so that the heap is small.
 * @param lookMs how long its CPU time is looked at, in milliseconds
 */
export async function measureSessions(contestant: Contestant, folder: string, idleSessions: number, lookMs = 2_000): Promise<Sample> {
  const running = await start(contestant, folder);
  try {
    const before = running.subject.rss();
    const clients: Client[] = [];
    while (clients.length < idleSessions) clients.push(...(await openSessions(running, Math.min(50, idleSessions - clients.length))));
    await pause(1_000);
    const cpuBefore = running.subject.cpu();
    const after = running.subject.rss();
    await pause(lookMs);
    const percent = (running.subject.cpu() - cpuBefore) / (lookMs * 10);
    const wrong = clients.reduce((sum, client) => sum + client.wrong, 0);
    await closeAll(clients);
    return {
      'idle.kbPerSession': (after - before) / idleSessions,
      'idle.rssMb': after / 1024,
      'idle.cpuPercent': percent,
      'idle.wrong': wrong,
      'rest.rssMb': before / 1024,
    };
  } finally {
    await running.subject.stop();
  }
}

/** From the start of the process to the first list of tools. */
export async function measureStart(contestant: Contestant, folder: string): Promise<Sample> {
  const { subject, startMs } = await start(contestant, folder);
  await pause(300);
  const sample = { 'start.ms': startMs, 'start.rssMb': subject.rss() / 1024 };
  await subject.stop();
  return sample;
}
