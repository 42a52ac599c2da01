import { freePort } from '../lib/free-port.ts';
import { Client, type Target } from './client.ts';
import { type Contestant, serverCommand, targetOf } from './contestants.ts';
import { pause, Subject } from './proc.ts';

/** A contestant that runs and has answered once. */
export interface Running {
  readonly contestant: Contestant;
  readonly subject: Subject;
  readonly target: Target;
  /** From its start to its first list of tools, in milliseconds. */
  readonly startMs: number;
}

const START_MS = 20_000;
const RETRY_MS = 3;
const ANSWER_MS = 2_000;

/**
 * Starts a contestant and waits for its first list of tools.
 * @param tools how many the server under test has
 * @throws Error if it does not answer in time
 */
export async function start(contestant: Contestant, folder: string, tools = 3): Promise<Running> {
  const port = await freePort();
  const { command, args, env } = contestant.launch(port, serverCommand(tools), folder);
  const startedAt = performance.now();
  const subject = new Subject(command, args, env);
  const target = targetOf(contestant, port);
  while (performance.now() - startedAt < START_MS && !subject.ended) {
    if ((await withTimeout(firstList(target), ANSWER_MS)) === true) return { contestant, subject, target, startMs: performance.now() - startedAt };
    await pause(RETRY_MS);
  }
  await subject.stop();
  throw new Error(`${contestant.name} has not answered within ${START_MS} ms: ${command} ${args.join(' ')}`);
}

async function firstList(target: Target): Promise<boolean> {
  const client = Client.of(target);
  try {
    await client.open();
    await client.list();
    return client.wrong === 0;
  } catch {
    return false; // it does not listen yet
  } finally {
    void client.close();
  }
}

/** @returns undefined when it takes too long */
export async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
