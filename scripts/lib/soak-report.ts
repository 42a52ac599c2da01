import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Tally } from './load.ts';
import { lineChart } from './plot.ts';

export interface Sample {
  readonly at: number;
  readonly calls: number;
  readonly p50: number;
  readonly p95: number;
  readonly rssMb: number;
  readonly fds: number;
  readonly sessions: number;
  readonly children: number;
  readonly expected: number;
}

export interface Outcome {
  readonly tally: Tally;
  readonly samples: readonly Sample[];
  /** What is open after load and faults have ended and the idle limit has passed. */
  readonly left: { readonly sessions: number; readonly children: number };
  readonly exitCode: number | null;
}

export interface Report extends Outcome {
  readonly title: string;
  readonly script: string;
  readonly seconds: number;
  readonly injected: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
}

/** Children that run without any session: one for each shared server. */
const RESTING_CHILDREN = 2;
const MAX_ERROR_RATE = 0.001;

/** What is wrong, if anything. */
export function verdict({ tally, samples, left, exitCode }: Outcome): string[] {
  const problems: string[] = [];
  const calls = tally.latencies.length;
  if (tally.crossed > 0) problems.push(`${tally.crossed} answers went to the wrong caller`);
  if (tally.unanswered > 0) problems.push(`${tally.unanswered} calls were never answered`);
  if (calls === 0 || tally.errors / calls >= MAX_ERROR_RATE)
    problems.push(`${tally.errors} of ${calls} calls failed: ${tally.samples[0] ?? 'no call was made'}`);
  if (left.sessions > 0) problems.push(`${left.sessions} sessions are left`);
  if (left.children > RESTING_CHILDREN) problems.push(`${left.children} children are left where ${RESTING_CHILDREN} belong`);
  if (exitCode !== 0) problems.push(`hearth ended with code ${exitCode}`);
  for (const [what, pick] of [
    ['memory (MB)', (s: Sample) => s.rssMb],
    ['descriptors', (s: Sample) => s.fds],
  ] as const) {
    const growth = growthOf(samples, pick);
    if (growth) problems.push(`${what} grow: ${growth}`);
  }
  return problems;
}

/**
 * Growth above noise: the last third's median against the middle third's (the first one warms up), where the noise is
 * taken from the middle third itself.
 */
function growthOf(samples: readonly Sample[], pick: (sample: Sample) => number): string | undefined {
  const third = Math.floor(samples.length / 3);
  if (third < 5) return undefined;
  const middle = samples
    .slice(third, 2 * third)
    .map(pick)
    .sort((a, b) => a - b);
  const last = samples
    .slice(2 * third)
    .map(pick)
    .sort((a, b) => a - b);
  const at = (values: readonly number[], part: number): number => values[Math.floor((values.length - 1) * part)] ?? 0;
  const noise = Math.max(at(middle, 0.95) - at(middle, 0.05), at(middle, 0.5) * 0.1);
  const grown = at(last, 0.5) - at(middle, 0.5);
  return grown > noise ? `${at(middle, 0.5).toFixed(0)} -> ${at(last, 0.5).toFixed(0)}` : undefined;
}

/** Writes the report as Markdown, with its plots beside it. */
export function writeReport(file: string, report: Report): void {
  const { title, script, samples, tally, seconds, injected, left, exitCode, problems } = report;
  const line = (name: string, colour: string, pick: (sample: Sample) => number) => ({
    name,
    colour,
    points: samples.map((sample) => [sample.at, pick(sample)] as const),
  });
  const charts = [
    ['latency', lineChart('Latency', 'ms', [line('p50', '#2a9d8f', (s) => s.p50), line('p95', '#e76f51', (s) => s.p95)])],
    ['throughput', lineChart('Calls to the steady server', '1/s', [line('calls', '#2a9d8f', (s) => s.calls)])],
    ['memory', lineChart('Resident memory of hearth', 'MB', [line('rss', '#457b9d', (s) => s.rssMb)])],
    [
      'resources',
      lineChart('Open', 'count', [
        line('fds', '#8d99ae', (s) => s.fds),
        line('sessions', '#e9c46a', (s) => s.sessions),
        line('children', '#e76f51', (s) => s.children),
      ]),
    ],
  ] as const;
  const stem = basename(file).replace(/\.md$/, '');
  for (const [name, svg] of charts) writeFileSync(join(dirname(file), `${stem}-${name}.svg`), svg);
  const sorted = [...tally.latencies].sort((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(2);
  const total = sorted.length;
  writeFileSync(
    file,
    `# ${title}

${problems.length === 0 ? 'Passed.' : `**Failed:** ${problems.join('; ')}.`} Made by \`node scripts/${script}.ts\` on ${cpus().length} cores with ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}.

| what | figure |
|---|---|
| time | ${Math.round(seconds)} s |
| calls to the server without faults | ${total} |
| right | ${tally.right} |
| answers that went to the wrong caller | ${tally.crossed} |
| calls that were never answered | ${tally.unanswered} |
| calls that failed | ${tally.errors} (${((tally.errors / Math.max(1, total)) * 100).toFixed(3)}%) |
| latency P50 / P95 / P99 / max | ${at(0.5)} / ${at(0.95)} / ${at(0.99)} / ${at(1)} ms |
| sessions and children left after the idle limit | ${left.sessions} / ${left.children} |
| exit code on SIGTERM | ${exitCode} |

## Faults injected
${[...injected].map(([name, count]) => `- ${name}: ${count}`).join('\n')}

## Over time
${charts.map(([name]) => `![${name}](${stem}-${name}.svg)`).join('\n\n')}
`,
  );
}
