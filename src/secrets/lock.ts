import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf } from '../errors.js';
import { SecretError } from './backend.js';

const POLL_MS = 20;

/**
 * Runs something while no other process does, by a file that only one can create.
 * @param waitMs longest wait for the others
 * @throws SecretError when they do not come to an end, or the folder cannot be written
 */
export async function withLock<T>(file: string, use: () => Promise<T>, waitMs = 10_000): Promise<T> {
  const deadline = performance.now() + waitMs;
  const mine = `${process.pid} ${hostname()}`;
  while (!(await create(file, mine))) {
    if (await isAbandoned(file)) await breakLock(file, mine);
    if (performance.now() > deadline) throw new SecretError(`${file} has been there for too long; delete it if no other hearth is writing secrets`);
    await delay(POLL_MS);
  }
  try {
    return await use();
  } finally {
    await rm(file, { force: true });
  }
}

/** Only one process may take away what a dead one has left, and it looks again first: it could have been taken anew. */
async function breakLock(file: string, mine: string): Promise<void> {
  const turn = `${file}.break`;
  if (!(await create(turn, mine))) return;
  try {
    if (await isAbandoned(file)) await rm(file, { force: true });
  } finally {
    await rm(turn, { force: true });
  }
}

async function create(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new SecretError(`${file} cannot be created: ${reasonOf(error)}`);
  }
}

/** Whether its owner has ended. That of another machine, on a shared volume, cannot be asked. */
async function isAbandoned(file: string): Promise<boolean> {
  const [pid = '', host] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
  if (host !== hostname() || !/^\d+$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
