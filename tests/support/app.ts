import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from '../../src/app.js';
import { binFolders } from '../../src/cli/bin-folders.js';
import { type ConfigInput, configSchema } from '../../src/config/schema.js';
import { type Log, silentLog } from '../../src/telemetry/log.js';
import { Redactor } from '../../src/telemetry/redactor.js';

const HERE = dirname(fileURLToPath(import.meta.url));
export const FIXTURE = join(HERE, '..', 'fixtures', 'server.mjs');

type ServerInput = ConfigInput['servers'][string];

/** A config entry of the fixture server. */
export function fixture(modes = '', extra: Partial<ServerInput> & { env?: Record<string, string> } = {}): ServerInput {
  return {
    command: process.execPath,
    args: [FIXTURE],
    backoffMin: 20,
    stopEof: 500,
    stopTerm: 500,
    ...extra,
    env: { FIXTURE: modes, ...extra.env },
  };
}

export interface RunningApp extends AsyncDisposable {
  readonly app: App;
  readonly url: string;
}

/** A whole hearth in this process, on a free port. Dispose it with `await using`. */
export async function startApp(input: ConfigInput, log: Log = silentLog, redactor = new Redactor()): Promise<RunningApp> {
  const config = configSchema.parse({ ...input, listen: { host: '127.0.0.1', port: 0, ...input.listen } });
  const app = new App({ config, version: '0.0.0-test', extraPath: binFolders(), log, redactor });
  const url = await app.start();
  return { app, url, [Symbol.asyncDispose]: () => app.stop() };
}

/** Waits until hearth says that it is ready. */
export async function untilReady(url: string, limitMs = 20_000): Promise<void> {
  await until(async () => (await fetch(`${url}/health/ready`)).ok, limitMs);
}

/** Polls until the condition holds. @throws Error at the limit */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`condition did not hold within ${limitMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
