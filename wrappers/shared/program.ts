import type { McpServerFactory } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { SettingsError } from './env.js';
import { messageOf } from './faults.js';
import type { Log } from './log.js';

const STOP_LIMIT_MS = 4_000;
const BAD_SETTINGS = 2;

export interface Service {
  readonly factory: McpServerFactory;
  readonly log: Log;
  close(): Promise<void>;
}

/** Serves over stdio until stdin ends or a signal comes, then closes what the service owns. Wrong settings end it with 2. */
export function runProgram(name: string, create: () => Service): void {
  let service: Service;
  try {
    service = create();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = BAD_SETTINGS;
    return;
  }
  const { factory, log } = service;
  const handle = serveStdio(factory, { onerror: (error) => log(messageOf(error)) });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    // Something that does not close must not keep the program.
    setTimeout(() => process.exit(0), STOP_LIMIT_MS).unref();
    await handle.close().catch((error: unknown) => log(messageOf(error)));
    await service.close().catch((error: unknown) => log(messageOf(error)));
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => void stop());
  process.stdin.once('end', () => void stop());
  process.stdin.once('close', () => void stop());
  process.stdout.on('error', () => void stop());
}
