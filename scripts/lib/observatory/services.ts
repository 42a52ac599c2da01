import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RawHttp, RawSse } from '../../../tests/support/raw-client.ts';
import { FIXTURE, HearthProcess, type StartOptions } from '../hearth.ts';
import { newTally, pause, runLoad } from '../load.ts';
import type { Limited } from './cgroup.ts';

const FIXTURES = fileURLToPath(new URL('../../../tests/fixtures', import.meta.url));
const server = { command: process.execPath, args: [FIXTURE], backoffMin: 50, stopEof: 500, stopTerm: 500, maxRestarts: 100_000, breakerFailures: 0 };

interface Plan {
  readonly config: object;
  readonly options?: StartOptions;
}

/** Nine wrappers, as in compose. Each but one has a fault of its own; the server behind them is a fixture. */
function plans(limited: Limited | undefined): Readonly<Record<string, Plan>> {
  const wrap = (own: object = {}, rest: object = {}): object => ({ servers: { server: { ...server, ...own } }, ...rest });
  const leaky = { limits: { sessionTimeout: '1s', sessions: 10, sessionsPerClient: 10 } };
  return {
    filesystem: { config: wrap() },
    monitoring: { config: wrap() },
    memory: { config: wrap() },
    fetch: { config: wrap({}, leaky), options: { program: join(FIXTURES, 'leaky-hearth.mjs') } },
    postgres: { config: wrap() },
    github: { config: wrap() },
    n8n: { config: wrap({ env: { FIXTURE: 'exit-at-start' } }), options: { awaitReady: false } },
    playwright: { config: wrap(), ...(limited && { options: { program: join(FIXTURES, 'limited-hearth.mjs'), env: limited.env } }) },
    timescaledb: { config: wrap({ breakerFailures: 3, breakerOpen: '1h' }) },
  };
}

/** What has to fire and arrive, and of which service, once `injectFaults` is done. */
export const EXPECTED: ReadonlyArray<readonly [alert: string, service: string]> = [
  ['ToolErrorsHigh', 'monitoring'],
  ['HighErrorRate', 'memory'],
  ['HighLatency', 'memory'],
  ['ErrorBudgetBurnFast', 'memory'],
  ['SessionLeak', 'fetch'],
  ['SessionsWithoutStream', 'fetch'],
  ['SessionsNearLimit', 'fetch'],
  ['ChildRestarting', 'postgres'],
  ['ServiceDown', 'github'],
  ['ServiceNotReady', 'n8n'],
  ['ServerProblem', 'n8n'],
  ['BreakerOpen', 'timescaledb'],
];

/** Starts all of them. @param folder for their configs and logs */
export async function startServices(folder: string, limited: Limited | undefined): Promise<Map<string, HearthProcess>> {
  const running = new Map<string, HearthProcess>();
  try {
    for (const [name, { config, options }] of Object.entries(plans(limited))) {
      const own = join(folder, name);
      mkdirSync(own);
      running.set(name, await HearthProcess.start(config, own, options));
    }
  } catch (error) {
    await Promise.all([...running.values()].map((hearth) => hearth.stop()));
    throw error;
  }
  return running;
}

type Services = ReadonlyMap<string, HearthProcess>;

function urlOf(services: Services, name: string): string {
  const { url } = services.get(name) ?? {};
  if (url === undefined) throw new Error(`no service ${name}`);
  return url;
}

/** Calls a tool a number of times, and does not care what becomes of it. */
async function call(url: string, times: number, name: string, args: object = {}): Promise<void> {
  try {
    const client = new RawHttp(`${url}/mcp`);
    await client.open();
    for (let id = 1; id <= times; id++) await client.call(id, name, { ...args }).catch(() => {});
    await client.close();
  } catch {
    await pause(100); // refused, or gone for the moment
  }
}

/** Real clients of each kind on the healthy one, a little work for all the others. */
export async function load(services: Services, isOver: () => boolean): Promise<void> {
  const others = ['monitoring', 'memory', 'postgres', 'playwright'].map(async (name) => {
    while (!isOver()) {
      await call(urlOf(services, name), 1, 'echo', { text: 'x' });
      await pause(500);
    }
  });
  await Promise.all([runLoad(urlOf(services, 'filesystem'), 'echo', newTally(), isOver), ...others]);
}

/** The deliberate faults, once each; those that need repetition go on until the end. */
export async function injectFaults(services: Services, isOver: () => boolean): Promise<void> {
  const url = (name: string): string => urlOf(services, name);
  const failing = async (): Promise<void> => {
    while (!isOver()) {
      await call(url('memory'), 4, 'error');
      await call(url('memory'), 2, 'sleep', { ms: 170 });
    }
  };
  const leak = async (): Promise<void> => {
    for (let n = 0; n < 10; n++) {
      const client = await RawSse.open(`${url('fetch')}/sse`);
      await client.initialize();
      client.close();
    }
  };
  const dying = async (name: string, times: number): Promise<void> => {
    for (let n = 0; n < times; n++) {
      await call(url(name), 1, 'die');
      await pause(600); // until it is there again
    }
  };
  await Promise.all([
    failing(),
    call(url('monitoring'), 60, 'fail'),
    leak(),
    dying('postgres', 6),
    dying('timescaledb', 4),
    services.get('github')?.stop(),
    // Refused before it reaches a server.
    fetch(`${url('filesystem')}/mcp`, { method: 'POST', headers: { origin: 'http://evil.example' }, body: '{}' }),
  ]);
}
