import { dashboardOf } from '../../../grafana/code/dashboard.ts';
import type { Observed } from './observatory.ts';
import { type Answered, nameOf } from './queries.ts';

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string; readonly thresholds?: { readonly steps: readonly Step[] } } };
}

interface Step {
  /** Null for the first. */
  readonly value: number | null;
  readonly color: string;
}

interface Line {
  readonly name: string;
  readonly points: ReadonlyArray<readonly [seconds: number, value: number]>;
}

const CELL = { width: 50, height: 26 };
const GAP = 4;
const COLOURS = ['#73bf69', '#f2cc0c', '#8ab8ff', '#ff780a', '#f2495c', '#b877d9', '#5794f2', '#fade2a', '#96d98d', '#ffa6b0'];
const STATES: Readonly<Record<string, string>> = { '-1': '#f2495c', '0': '#ff9830', '1': '#73bf69' };
const STEPS: Readonly<Record<string, string>> = { green: '#73bf69', orange: '#ff9830', red: '#f2495c', blue: '#5794f2' };
/** Names that fit below a panel. */
const MAX_LEGEND = 6;

/**
 * The dashboard as SVG, panel by panel where Grafana puts them, from what its queries gave. It shows what the dashboard says, not
 * how Grafana draws it. The row of logs is left out.
 */
export function pictureOf({ answers }: Observed): string {
  const panels = (dashboardOf().panels ?? []) as unknown as Panel[];
  const end = panels.find(({ title, type }) => type === 'row' && title === 'Logs')?.gridPos.y ?? Number.POSITIVE_INFINITY;
  const drawn = panels.filter(({ gridPos }) => gridPos.y < end);
  const height = Math.max(...drawn.map(({ gridPos }) => (gridPos.y + gridPos.h) * CELL.height)) + GAP;
  const parts = drawn.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const size = { width: w * CELL.width - GAP, height: h * CELL.height - GAP };
    const series = answers.filter(({ query }) => query.panel === panel.title && panel.type !== 'row');
    const frame = panel.type === 'row' ? '' : `<rect width="${size.width}" height="${size.height}" rx="3" fill="#181b1f" stroke="#2c3036"/>`;
    const title = `<text x="${panel.type === 'row' ? 2 : 10}" y="17" fill="#ccccdc" font-weight="600">${escaped(panel.title)}</text>`;
    return `<g transform="translate(${x * CELL.width + GAP} ${y * CELL.height + GAP})">${frame}${title}${inside(panel, series, size)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${24 * CELL.width + GAP} ${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#111217"/>
${parts.join('\n')}
</svg>
`;
}

type Size = { readonly width: number; readonly height: number };

function inside(panel: Panel, answers: Observed['answers'], size: Size): string {
  const all = answers.flatMap(({ query, series }) => series.map((one) => ({ legend: query.legend, one })));
  const unit = panel.fieldConfig?.defaults.unit ?? '';
  if (panel.type === 'stat') return bigNumber(all.at(-1)?.one, unit, panel.fieldConfig?.defaults.thresholds?.steps ?? [], size);
  if (panel.type === 'table')
    return rows(
      all.map(({ one }) => one),
      size,
    );
  if (panel.type === 'state-timeline')
    return bars(
      all.map(({ legend, one }) => ({ name: nameOf(legend, one.metric), one })),
      size,
    );
  const lines = all.map(({ legend, one }) => ({ name: nameOf(legend, one.metric), points: pointsOf(one) }));
  return panel.type === 'timeseries' ? chart(lines, unit, size) : '';
}

function pointsOf({ values }: Answered): Array<readonly [number, number]> {
  return values.map(([seconds, value]) => [seconds, Number(value)]);
}

function bigNumber(series: Answered | undefined, unit: string, steps: readonly Step[], { width, height }: Size): string {
  const value = Number(series?.values.at(-1)?.[1] ?? Number.NaN);
  const colour = STEPS[steps.findLast((step) => step.value === null || value >= step.value)?.color ?? ''] ?? '#ccccdc';
  return `<text x="${width / 2}" y="${height / 2 + 18}" text-anchor="middle" font-size="30" fill="${colour}">${shown(value, unit)}</text>`;
}

function rows(series: readonly Answered[], { width, height }: Size): string {
  const end = Math.max(...series.map(({ values }) => values.at(-1)?.[0] ?? 0));
  const last = series.filter(({ values }) => values.at(-1)?.[0] === end).slice(0, Math.floor((height - 44) / 15));
  const columns = ['alertname', 'service', 'severity'];
  const cells = [Object.fromEntries(columns.map((name) => [name, name])), ...last.map(({ metric }) => metric)].flatMap((row, line) =>
    columns.map((name, column) => {
      const fill = line === 0 ? '#8e8e99' : '#ccccdc';
      return `<text x="${10 + (column * (width - 20)) / 2.7}" y="${38 + line * 15}" fill="${fill}">${escaped(row[name] ?? '')}</text>`;
    }),
  );
  return cells.join('');
}

function bars(series: ReadonlyArray<{ name: string; one: Answered }>, { width, height }: Size): string {
  const seconds = series.flatMap(({ one }) => one.values.map(([at]) => at));
  const [from, to] = [Math.min(...seconds), Math.max(...seconds) + 1];
  const step = (height - 34) / Math.max(1, series.length);
  const x = (at: number): number => 90 + ((at - from) / (to - from)) * (width - 100);
  return series
    .map(({ name, one }, index) => {
      const y = 28 + index * step;
      const cells = runsOf(one).map(({ value, start, end }) => {
        return `<rect x="${x(start).toFixed(1)}" y="${y.toFixed(1)}" width="${(x(end) - x(start)).toFixed(1)}" height="${(step - 3).toFixed(1)}" fill="${STATES[value] ?? '#888'}"/>`;
      });
      return `<text x="84" y="${(y + step / 2 + 2).toFixed(1)}" text-anchor="end" fill="#ccccdc">${escaped(name)}</text>${cells.join('')}`;
    })
    .join('');
}

/** Neighbours of one value as one. */
function runsOf({ values }: Answered): Array<{ value: string; start: number; end: number }> {
  const runs: Array<{ value: string; start: number; end: number }> = [];
  for (const [at, value] of values) {
    const last = runs.at(-1);
    if (last && last.value === value && last.end === at) last.end = at + 1;
    else runs.push({ value, start: at, end: at + 1 });
  }
  return runs;
}

function chart(lines: readonly Line[], unit: string, { width, height }: Size): string {
  const all = lines.flatMap(({ points }) => points);
  if (all.length === 0) return `<text x="${width / 2}" y="${height / 2}" text-anchor="middle" fill="#8e8e99">no data</text>`;
  const [from, to] = [Math.min(...all.map(([at]) => at)), Math.max(...all.map(([at]) => at))];
  const top = Math.max(...all.map(([, value]) => value)) * 1.05 || 1;
  const bottom = height - 34;
  const x = (at: number): number => 52 + ((at - from) / Math.max(1, to - from)) * (width - 62);
  const y = (value: number): number => bottom - (value / top) * (bottom - 30);
  const grid = [0, 0.5, 1].map((part) => {
    const at = y(part * top).toFixed(1);
    const text = `<text x="47" y="${Number(at) + 4}" text-anchor="end" fill="#8e8e99">${shown(part * top, unit)}</text>`;
    return `<line x1="52" x2="${width - 10}" y1="${at}" y2="${at}" stroke="#2c3036"/>${text}`;
  });
  // The highest are the ones that a reader looks for.
  const ranked = [...lines].sort((a, b) => highest(b) - highest(a));
  const paths = ranked.map(({ points }, index) => {
    const path = points.map(([at, value]) => `${Math.round(x(at))},${Math.round(y(value))}`).join(' ');
    return `<polyline fill="none" stroke="${COLOURS[index % COLOURS.length]}" points="${path}"/>`;
  });
  return [...grid, ...paths.reverse(), legend(ranked, width, height)].join('');
}

function legend(lines: readonly Line[], width: number, height: number): string {
  const named = lines.slice(0, MAX_LEGEND);
  const step = (width - 20) / 3;
  return named
    .map(({ name }, index) => {
      const [x, y] = [12 + (index % 3) * step, height - 20 + Math.floor(index / 3) * 13];
      const text = escaped(name.length > 24 ? `${name.slice(0, 23)}…` : name);
      return `<rect x="${x}" y="${y - 6}" width="8" height="3" fill="${COLOURS[index]}"/><text x="${x + 12}" y="${y}" fill="#ccccdc" font-size="9.5">${text}</text>`;
    })
    .join('');
}

function highest({ points }: Line): number {
  return Math.max(...points.map(([, value]) => value));
}

function shown(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '-';
  if (unit === 'percentunit') return `${Number((value * 100).toPrecision(3))}%`;
  if (unit === 'bytes') return `${Math.round(value / 2 ** 20)} MiB`;
  if (unit === 's') return value < 1 ? `${Number((value * 1000).toPrecision(2))} ms` : `${Number(value.toPrecision(2))} s`;
  return String(Number(value.toPrecision(3)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
