import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { pause } from '../load.ts';
import { type Limited, makeLimited } from './cgroup.ts';
import { writeAlertmanager, writePrometheus } from './configs.ts';
import { type Alert, Program, Webhook } from './programs.ts';
import { type Answered, ask, type Query, queriesOf } from './queries.ts';
import { EXPECTED, injectFaults, load, startServices } from './services.ts';

export interface Observed {
  readonly alerts: readonly Alert[];
  /** Alerts that should have arrived and have not, as `alert of service`. */
  readonly missing: readonly string[];
  readonly answers: ReadonlyArray<{ readonly query: Query; readonly series: readonly Answered[] }>;
  /** Whether one wrapper ran with limits of memory and CPU. */
  readonly hasLimits: boolean;
}

const ALERTS_MS = 120_000;
/** What a wrapper with limits raises. */
const MEMORY: (typeof EXPECTED)[number] = ['MemoryHigh', 'playwright'];
/** Of its limit, when that is set: between the thresholds of MemoryHigh and MemoryCritical. */
const MEMORY_SHARE = 0.9;

/**
 * Nine real wrappers under load with faults, watched by a real Prometheus and Alertmanager with the project's own rules.
 * All on loopback, all ended at the end.
 *
 * @param calmMs    time before the faults
 * @param longerMs  time after the last alert has come, for pictures
 */
export async function observe(calmMs: number, longerMs: number, say: (text: string) => void = () => {}): Promise<Observed> {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-observatory-'));
  const limited = makeLimited();
  const ends: Array<() => Promise<unknown>> = [];
  let isOver = false;
  try {
    const webhook = await Webhook.start();
    ends.unshift(() => webhook.stop());
    say('starting nine wrappers');
    const services = await startServices(folder, limited);
    ends.unshift(() => Promise.all([...services.values()].map((hearth) => hearth.stop())));
    const alertmanager = await startAlertmanager(folder, webhook.url);
    ends.unshift(() => alertmanager.stop());
    const addresses = new Map([...services].map(([name, { url }]) => [name, new URL(url).host]));
    const prometheus = await startPrometheus(folder, writePrometheus(folder, addresses, new URL(alertmanager.url).host));
    ends.unshift(() => prometheus.stop());
    const from = Date.now() / 1000;
    const working = load(services, () => isOver);
    await pause(calmMs);
    say('injecting faults');
    limited?.tighten(MEMORY_SHARE);
    const failing = injectFaults(services, () => isOver);
    const deadline = performance.now() + ALERTS_MS;
    const expected = [...EXPECTED, ...(limited ? [MEMORY] : [])];
    const missing = (): string[] => expected.filter(([alert, service]) => !webhook.has(alert, service)).map((pair) => pair.join(' of '));
    while (missing().length > 0 && performance.now() < deadline) await pause(500);
    await pause(longerMs);
    const to = Date.now() / 1000;
    isOver = true;
    await Promise.all([working, failing]);
    const answers = [];
    for (const query of queriesOf('prometheus', to - from)) answers.push({ query, series: await ask(prometheus.url, query, from, to) });
    return { alerts: webhook.alerts, missing: missing(), answers, hasLimits: limited !== undefined };
  } finally {
    isOver = true;
    await endAll(ends, limited);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function endAll(ends: ReadonlyArray<() => Promise<unknown>>, limited: Limited | undefined): Promise<void> {
  for (const end of ends) await end().catch((error: unknown) => console.error(error));
  limited?.remove();
}

async function startAlertmanager(folder: string, webhook: string): Promise<Program> {
  const address = `127.0.0.1:${await freePort()}`;
  const config = writeAlertmanager(folder, webhook);
  const args = [`--config.file=${config}`, `--storage.path=${join(folder, 'alertmanager')}`, `--web.listen-address=${address}`];
  return Program.start(
    'prometheus-alertmanager',
    [...args, '--cluster.listen-address='],
    `http://${address}`,
    '/-/ready',
    join(folder, 'alertmanager.log'),
  );
}

async function startPrometheus(folder: string, config: string): Promise<Program> {
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'prometheus')}`, `--web.listen-address=${address}`];
  return Program.start('prometheus', args, `http://${address}`, '/-/ready', join(folder, 'prometheus.log'));
}
