import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart, lineChart } from '../lib/plot.ts';
import { type Contestant, ROOT } from './contestants.ts';
import type { Crowd } from './crowd.ts';
import type { Growth } from './growth.ts';
import type { Plan } from './measures.ts';
import { type Figure, slopeOf } from './stats.ts';
import { targetsTable } from './targets.ts';

export interface Results {
  readonly date: string;
  readonly node: string;
  /** Load average before the run. */
  readonly load: number;
  readonly cores: number;
  readonly plan: Plan;
  readonly minutes: number;
  readonly contestants: ReadonlyArray<Pick<Contestant, 'name' | 'kind' | 'transport'> & { readonly figures: Readonly<Record<string, Figure>> }>;
  readonly growth: readonly Growth[];
  readonly crowds: readonly Crowd[];
  /** Who was not measured, and why. */
  readonly missing: readonly string[];
}

export type Measured = Results['contestants'][number];

const DOCS = join(ROOT, 'docs');
const BEGIN = '<!-- begin: npm run bench -->';
const END = '<!-- end: npm run bench -->';
const COLOURS: Record<Contestant['kind'], string> = { floor: '#888', hearth: '#e4572e', peer: '#4c78a8' };

/** The middle of a figure; NaN if it was not measured. */
export function middle({ figures }: Measured, name: string): number {
  return figures[name]?.median ?? Number.NaN;
}

/** Prints the tables, and writes them with the plots if asked to. */
export function writeReport(results: Results, isKept: boolean): void {
  const text = [
    `One run of ${results.minutes.toFixed(0)} minutes on ${results.date}, Node ${results.node}; medians of ${results.plan.rounds} rounds, with their range.`,
    ...busyNote(results),
    '',
    ...loadTable(results),
    '',
    ...otherTable(results),
    '',
    ...growthTable(results),
    '',
    ...crowdTable(results),
    '',
    ...targetsTable(results),
    '',
    ...(results.missing.length > 0 ? [`Not measured: ${results.missing.join('; ')}.`, ''] : []),
  ].join('\n');
  console.log(`\n${text}`);
  if (!isKept) return;
  const file = join(DOCS, 'benchmarks.md');
  const page = readFileSync(file, 'utf8');
  writeFileSync(file, `${page.slice(0, page.indexOf(BEGIN) + BEGIN.length)}\n\n${text}\n${page.slice(page.indexOf(END))}`);
  writeFileSync(join(DOCS, 'benchmarks.json'), `${JSON.stringify(results, undefined, 1)}\n`);
  for (const [name, svg] of plots(results)) writeFileSync(join(DOCS, `benchmarks-${name}.svg`), svg);
}

function busyNote({ load, cores }: Results): string[] {
  if (load < cores / 2) return [];
  return [
    `The load average was ${load.toFixed(1)} on ${cores} cores when it began: what ran before it, or beside it, may show. Ratios say more than times.`,
  ];
}

function loadTable({ contestants }: Results): string[] {
  const head =
    '| contestant | 1 client: p50 ms | CPU us a call | 32 sessions: calls/s | of the floor | CPU us a call | 1 session, 64 in flight: calls/s | of the floor | CPU us a call | wrong |';
  const rows = contestants.map((one) => {
    const floor = floorOf(contestants, one);
    const cells = [
      one.name,
      ranged(one, 'one.p50', 2),
      ranged(one, 'one.cpuPerCall', 0),
      ...['sessions', 'flight'].flatMap((shape) => [
        ranged(one, `${shape}.callsPerSecond`, 0),
        percent(middle(one, `${shape}.callsPerSecond`) / middle(floor, `${shape}.callsPerSecond`)),
        ranged(one, `${shape}.cpuPerCall`, 0),
      ]),
      String(
        ['one', 'sessions', 'flight', 'operation', 'size', 'stream', 'idle'].reduce((sum, name) => sum + (one.figures[`${name}.wrong`]?.max ?? 0), 0),
      ),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [head, `|${'---|'.repeat(10)}`, ...rows];
}

function otherTable({ contestants, plan }: Results): string[] {
  const sizes = plan.sizes.map((size) => `${size} MiB ms`);
  const head = `| contestant | start ms | RSS at rest MB | KB a session | operation, CPU us | in calls | ${sizes.join(' | ')} | progress events/s |`;
  const rows = contestants.map((one) => {
    const cells = [
      one.name,
      ranged(one, 'start.ms', 0),
      ranged(one, 'start.rssMb', 0),
      ranged(one, 'idle.kbPerSession', 0),
      ranged(one, 'operation.cpu', 0),
      number(middle(one, 'operation.cpu') / middle(one, 'one.cpuPerCall'), 1),
      ...plan.sizes.map((size) => ranged(one, `size.${size}`, 0)),
      ranged(one, 'stream.eventsPerSecond', 0),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [head, `|${'---|'.repeat(7 + sizes.length)}`, ...rows];
}

function growthTable({ growth }: Results): string[] {
  const rows = growth.map(({ what, points }) => {
    const cells = points.map(([count, cpu]) => `${count.toLocaleString('en')}: ${number(cpu, 0)}`);
    return `| ${what} | ${cells.join(', ')} | ${number(slopeOf(points) * 1_000, 1)} |`;
  });
  return growth.length === 0 ? [] : ['| grows with | CPU us a call | us more per 1,000 |', '|---|---|---|', ...rows];
}

function crowdTable({ crowds }: Results): string[] {
  const rows = crowds.map(
    ({ transport, sessions, restMb, crowdMb, cpuPercent }) =>
      `| ${sessions.toLocaleString('en')} over ${transport} | ${number(restMb, 0)} | ${number(crowdMb, 0)} | ${number(cpuPercent, 2)} |`,
  );
  return crowds.length === 0 ? [] : ['| idle sessions | RSS without MB | with MB | CPU % of a core |', '|---|---|---|---|', ...rows];
}

function plots({ contestants, growth }: Results): Array<[name: string, svg: string]> {
  const bars = (figure: string): Array<{ name: string; colour: string; value: number }> =>
    contestants
      .map((one) => ({ name: one.name, colour: COLOURS[one.kind], value: middle(one, figure) }))
      .filter(({ value }) => !Number.isNaN(value))
      .sort((a, b) => b.value - a.value);
  const lines = growth.map(({ what, points }): [string, string] => [
    what,
    lineChart(`Cost of a call by ${what}`, 'CPU us', [{ name: 'hearth, http', colour: COLOURS.hearth, points }], what),
  ]);
  return [
    ['sessions-load', barChart('32 sessions', 'calls/s', bars('sessions.callsPerSecond'))],
    ['flight-load', barChart('1 session, 64 in flight', 'calls/s', bars('flight.callsPerSecond'))],
    ...lines,
  ];
}

export function floorOf(contestants: readonly Measured[], { transport }: Measured): Measured {
  return contestants.find((other) => other.kind === 'floor' && other.transport === transport) as Measured;
}

function ranged({ figures }: Measured, name: string, digits: number): string {
  const figure = figures[name];
  if (!figure || Number.isNaN(figure.median)) return '-';
  const { median, min, max } = figure;
  return min === max ? number(median, digits) : `${number(median, digits)} (${number(min, digits)} to ${number(max, digits)})`;
}

export function number(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }) : '-';
}

export function percent(ratio: number): string {
  return Number.isFinite(ratio) ? `${Math.round(ratio * 100)}%` : '-';
}
