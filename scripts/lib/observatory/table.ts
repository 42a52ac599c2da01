import type { Observed } from './observatory.ts';
import { nameOf } from './queries.ts';

/** What every query of the dashboard gave, as a table; and the queries that gave nothing without a reason. */
export function tableOf({ answers, alerts, hasLimits }: Observed): { text: string; empty: string[] } {
  const empty: string[] = [];
  const rows = answers.map(({ query, series }) => {
    const needsLimits = /_limit_(?:bytes|cores)/.test(query.expr);
    if (series.length === 0 && (hasLimits || !needsLimits)) empty.push(`${query.panel}: ${query.expr}`);
    const last = series[0]?.values.at(-1)?.[1];
    const example = series[0] ? `${nameOf(query.legend, series[0].metric) || '-'} = ${Number(Number(last).toPrecision(4))}` : 'no limits here';
    return `| ${query.panel} | ${series.length} | ${example} |`;
  });
  const firing = [...new Set(alerts.filter(({ status }) => status === 'firing').map(({ labels }) => `${labels.alertname} of ${labels.service}`))];
  const text = [
    '| panel | series | the first one, last value |',
    '|---|---|---|',
    ...rows,
    '',
    `Arrived at the webhook: ${firing.sort().join(', ')}`,
  ];
  return { text: text.join('\n'), empty };
}
