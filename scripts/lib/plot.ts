export interface Series {
  readonly name: string;
  readonly colour: string;
  /** Pairs of seconds and value. */
  readonly points: ReadonlyArray<readonly [x: number, y: number]>;
}

const WIDTH = 720;
const HEIGHT = 180;
const LEFT = 60;
const BOTTOM = 24;

/** A small line chart as SVG, readable on light and dark pages. @param xUnit what is counted along it */
export function lineChart(title: string, unit: string, series: readonly Series[], xUnit = 's'): string {
  const all = series.flatMap(({ points }) => points);
  const maxX = Math.max(1, ...all.map(([x]) => x));
  const maxY = Math.max(1, ...all.map(([, y]) => y)) * 1.1;
  const x = (value: number): number => LEFT + (value / maxX) * (WIDTH - LEFT - 10);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / maxY) * (HEIGHT - BOTTOM - 30);
  const ticks = [0, 0.5, 1].map((part) => {
    const value = part * maxY;
    return `<text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${label(value)}</text><line x1="${LEFT}" x2="${WIDTH - 10}" y1="${y(value)}" y2="${y(value)}" stroke="#8885"/>`;
  });
  const lines = series.map(({ colour, points }) => {
    const path = points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ');
    return `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${path}"/>`;
  });
  const legend = series.map(({ name, colour }, index) => `<text x="${LEFT + 240 + index * 110}" y="16" fill="${colour}">${name}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11" fill="#888">
<text x="${LEFT}" y="16" font-weight="bold">${title} (${unit})</text>${legend.join('')}
${ticks.join('\n')}
${lines.join('\n')}
<text x="${WIDTH - 10}" y="${HEIGHT - 6}" text-anchor="end">${Math.round(maxX)} ${xUnit}</text><text x="${LEFT}" y="${HEIGHT - 6}">0 ${xUnit}</text>
</svg>
`;
}

export interface Bar {
  readonly name: string;
  readonly colour: string;
  readonly value: number;
}

const BAR = 18;
const NAME = 240;

/** Horizontal bars as SVG, one under the other, longest first if they come so. */
export function barChart(title: string, unit: string, bars: readonly Bar[]): string {
  const max = Math.max(1, ...bars.map(({ value }) => value));
  const height = 30 + bars.length * BAR;
  const rows = bars.map(({ name, colour, value }, index) => {
    const y = 26 + index * BAR;
    const width = ((WIDTH - NAME - 70) * value) / max;
    return `<text x="${NAME - 6}" y="${y + 12}" text-anchor="end">${name}</text><rect x="${NAME}" y="${y + 2}" width="${width.toFixed(1)}" height="${BAR - 5}" fill="${colour}"/><text x="${(NAME + width + 6).toFixed(1)}" y="${y + 12}">${Math.round(value).toLocaleString('en')}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11" fill="#888">
<text x="${NAME}" y="16" font-weight="bold">${title} (${unit})</text>
${rows.join('\n')}
</svg>
`;
}

function label(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 0 : 1);
}
