import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from './raw-client.js';

/** A file name of its own for a fixture's journal or start counter. */
export function scratchFile(): string {
  return join(tmpdir(), `hearth-test-${randomUUID()}`);
}

/** What a fixture received, from its journal; optionally only one method. */
export async function received(journal: string, method?: string): Promise<Json[]> {
  const text = await readFile(journal, 'utf8').catch(() => '');
  const lines = text.split('\n').filter(Boolean);
  const messages = lines.map((line) => JSON.parse(line) as Json);
  return method === undefined ? messages : messages.filter((message) => message.method === method);
}

/** The sum of all samples of a metric whose labels contain the given text. */
export async function metric(url: string, name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => new RegExp(`^${name}(\\{|\\s)`).test(line) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
