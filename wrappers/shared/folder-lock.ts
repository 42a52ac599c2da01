import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, ToolFault } from './faults.js';

const NAME = 'in-use.sock';
/** Longer paths do not fit into a socket's address. */
const MAX_PATH = 100;
/** Two programs that both find a dead lock: who still owns it after this long has won. */
const SETTLE_MS = 100;

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Claims a folder for this process by a socket in it. The kernel gives a socket back when its process dies, however it
 * dies, so unlike a file with a process id it cannot be left behind and name a process that is somebody else by now,
 * as it happens after each restart of a container.
 * @throws ToolFault when another process has it
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const short = shortPath(folder);
  const token = randomUUID();
  try {
    const server = await claim(short.path, token, folder);
    return {
      release: async () => {
        server.close();
        short.close();
      },
    };
  } catch (error) {
    short.close();
    throw error;
  }
}

async function claim(path: string, token: string, folder: string): Promise<Server> {
  try {
    return await listen(path, token);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
  }
  if ((await answerOf(path)) !== undefined) throw inUse(folder);
  rmSync(path, { force: true });
  const server = await listen(path, token).catch(() => {
    throw inUse(folder);
  });
  await delay(SETTLE_MS);
  if ((await answerOf(path)) === token) return server;
  server.close();
  throw inUse(folder);
}

async function listen(path: string, token: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(token);
  });
  server.listen(path);
  await once(server, 'listening');
  server.unref();
  return server;
}

/** @returns the owner's token; undefined when nobody listens */
async function answerOf(path: string): Promise<string | undefined> {
  const socket = connect(path);
  socket.setTimeout(2_000, () => socket.destroy());
  let text = '';
  try {
    for await (const chunk of socket) text += chunk;
  } catch (error) {
    const code = codeOf(error);
    return code === 'ECONNREFUSED' || code === 'ENOENT' ? undefined : text;
  }
  return text;
}

/** A path that fits: Linux reaches a folder by its descriptor as well. */
function shortPath(folder: string): { path: string; close(): void } {
  const path = join(folder, NAME);
  if (Buffer.byteLength(path) <= MAX_PATH || process.platform !== 'linux') return { path, close: () => undefined };
  const descriptor = openSync(folder, 'r');
  return { path: `/proc/self/fd/${descriptor}/${NAME}`, close: () => closeSync(descriptor) };
}

function inUse(folder: string): ToolFault {
  return new ToolFault(
    `the data folder ${folder} is in use by another process. Give each its own folder, or set DATABASE_URL so that several share one PostgreSQL`,
  );
}
