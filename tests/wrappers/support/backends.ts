import { cpSync } from 'node:fs';
import { afterAll } from 'vitest';
import { TempFolder } from '../../support/temp.js';
import { Cluster, noPostgres } from './cluster.js';
import { McpProcess, MEMORY } from './mcp.js';

/** Where memories can be kept: the environment that says so. Dispose it with `await using`. */
export interface Backend extends AsyncDisposable {
  readonly env: Record<string, string>;
}

interface BackendCase {
  readonly name: string;
  readonly skipped: boolean;
  open(): Promise<Backend>;
}

let empty: Promise<TempFolder> | undefined;
afterAll(async () => (await empty)?.[Symbol.dispose]());

/** An empty memory in a folder of its own. It is copied: PGlite takes seconds to make the first one. */
export async function embeddedMemory(): Promise<Backend> {
  empty ??= makeEmpty();
  const folder = new TempFolder();
  cpSync((await empty).path, folder.path, { recursive: true });
  return { env: { MEMORY_DIR: folder.path }, [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() };
}

async function makeEmpty(): Promise<TempFolder> {
  const folder = new TempFolder();
  await using server = await McpProcess.start(MEMORY, { MEMORY_DIR: folder.path });
  const { isError, text } = await server.call('memory_health');
  if (isError) throw new Error(text);
  return folder;
}

/** Each backend that this machine has; a missing one is named with the reason. */
export const BACKENDS: readonly BackendCase[] = [
  {
    name: 'PGlite',
    skipped: false,
    open: embeddedMemory,
  },
  {
    name: `PostgreSQL${noPostgres}`,
    skipped: noPostgres !== '',
    open: async () => {
      const cluster = await Cluster.start();
      return { env: { DATABASE_URL: cluster.url() }, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
    },
  },
];

export function entity(name: string, ...observations: string[]): { name: string; entityType: string; observations: string[] } {
  return { name, entityType: 'thing', observations };
}
