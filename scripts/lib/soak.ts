import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.ts';
import { FIXTURE, HearthProcess, metricOf } from './hearth.ts';
import { newTally, pause, runLoad } from './load.ts';
import { type Sample, verdict, writeReport } from './soak-report.ts';

export interface SoakDefaults {
  /** How the script is called, and what its report is headed with. */
  readonly script: string;
  readonly title: string;
  readonly minutes: string;
  /** Seconds between two faults. */
  readonly faultEvery: string;
}

interface SoakOptions {
  readonly title: string;
  readonly script: string;
  readonly seconds: number;
  readonly faultEvery: number;
  readonly report: string;
}

/** Reads the command line. @returns undefined when it was not understood or help was asked for, which is told */
function optionsOf({ script, title, minutes, faultEvery }: SoakDefaults): SoakOptions | undefined {
  const usage = `Steady load on one server of a hub while faults are put to another, with a report at the end.

  node scripts/${script}.ts [--minutes ${minutes} | --hours 24] [--fault-every ${faultEvery}] [--report ${script}-report.md]

--fault-every is in seconds; 0 injects none. Exit code 1 when an answer was lost or crossed, when 0.1% of the calls
or more failed, or when memory, descriptors or sessions grow. Everything runs on 127.0.0.1 and stops by itself.
`;
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: minutes },
      hours: { type: 'string' },
      'fault-every': { type: 'string', default: faultEvery },
      report: { type: 'string', default: `${script}-report.md` },
      help: { type: 'boolean', default: false },
    },
  });
  const seconds = values.hours === undefined ? Number(values.minutes) * 60 : Number(values.hours) * 3600;
  const every = Number(values['fault-every']);
  const isValid = seconds > 0 && every >= 0;
  if (values.help || !isValid) (values.help ? process.stdout : process.stderr).write(usage);
  if (!isValid) process.exitCode = 2;
  return values.help || !isValid ? undefined : { title, script, seconds, faultEvery: every, report: values.report };
}

const fixture = { command: process.execPath, args: [FIXTURE], backoffMin: 50, stopEof: 500, stopTerm: 500 };
const config = {
  servers: {
    steady: fixture,
    // Faults come every few seconds, so that it must be allowed to die that often.
    faulty: { ...fixture, maxRestarts: 100_000, breakerFailures: 0 },
    own: { ...fixture, policy: 'per-session', maxRestarts: 100_000 },
  },
  limits: { message: '1MiB', requestTimeout: '5s', sessionTimeout: '20s', spawnRate: 100_000 },
};

/** Runs load and faults for the given time, and writes the report. Sets the exit code. */
export async function runSoak(defaults: SoakDefaults): Promise<void> {
  const options = optionsOf(defaults);
  if (options) await soak(options);
}

async function soak({ title, script, seconds, faultEvery, report }: SoakOptions): Promise<void> {
  const sampleEvery = Math.max(1, Math.round(seconds / 300));
  const folder = mkdtempSync(join(tmpdir(), 'hearth-soak-'));
  const hearth = await HearthProcess.start(config, folder);
  const tally = newTally();
  const samples: Sample[] = [];
  const injected = new Map<string, number>();
  const startedAt = performance.now();
  const elapsed = (): number => (performance.now() - startedAt) / 1000;
  const isOver = (): boolean => elapsed() >= seconds;

  async function injectFaults(): Promise<void> {
    const pending = new Set<Promise<void>>();
    for (let n = 0; faultEvery > 0 && !isOver(); n++) {
      const fault = FAULTS[n % FAULTS.length] as (typeof FAULTS)[number];
      injected.set(fault.name, (injected.get(fault.name) ?? 0) + 1);
      const done = fault.inject(hearth.url).catch(() => {});
      pending.add(done);
      void done.finally(() => pending.delete(done));
      await pause(faultEvery * 1000);
    }
    await Promise.all(pending);
  }

  async function sample(): Promise<void> {
    while (!isOver()) {
      const from = tally.latencies.length;
      await pause(sampleEvery * 1000);
      const text = await (await fetch(`${hearth.url}/metrics`)).text();
      const latencies = tally.latencies.slice(from).sort((a, b) => a - b);
      samples.push({
        at: elapsed(),
        calls: latencies.length / sampleEvery,
        p50: latencies[Math.floor(latencies.length * 0.5)] ?? 0,
        p95: latencies[Math.floor(latencies.length * 0.95)] ?? 0,
        rssMb: metricOf(text, 'process_resident_memory_bytes') / 2 ** 20,
        fds: metricOf(text, 'process_open_fds'),
        sessions: metricOf(text, 'chat_sessions_active'),
        children: metricOf(text, 'mcp_child_processes'),
        expected: metricOf(text, 'mcp_child_processes_expected'),
      });
      const last = samples.at(-1) as Sample;
      process.stderr.write(
        `\r${Math.round(last.at)}/${seconds} s  ${Math.round(last.calls)} calls/s  p95 ${last.p95.toFixed(1)} ms  errors ${tally.errors}  RSS ${Math.round(last.rssMb)} MB  `,
      );
    }
  }

  try {
    await Promise.all([runLoad(hearth.url, 'steady__echo', tally, isOver), injectFaults(), sample()]);
    await pause(25_000); // the idle limit frees what the faults left half-open
    const after = await (await fetch(`${hearth.url}/metrics`)).text();
    const left = { sessions: metricOf(after, 'chat_sessions_active'), children: metricOf(after, 'mcp_child_processes') };
    const exitCode = await hearth.stop();
    const problems = verdict({ tally, samples, left, exitCode });
    writeReport(report, { title, script, seconds, tally, samples, injected, left, exitCode, problems });
    process.stdout.write(`\n${problems.length === 0 ? 'passed' : `failed: ${problems.join('; ')}`}; report: ${report}\n`);
    process.exitCode = problems.length === 0 ? 0 : 1;
  } finally {
    await hearth.stop();
    writeFileSync(join(folder, 'samples.json'), JSON.stringify(samples));
  }
}
