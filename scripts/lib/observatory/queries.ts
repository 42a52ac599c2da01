import { dashboardOf } from '../../../grafana/code/dashboard.ts';

/** A series as Prometheus answers: labels, and pairs of seconds and value. */
export interface Answered {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: ReadonlyArray<readonly [seconds: number, value: string]>;
}

export interface Query {
  readonly panel: string;
  readonly kind: string;
  readonly unit: string;
  readonly expr: string;
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: ReadonlyArray<{ readonly expr: string; readonly legendFormat?: string; readonly datasource: { readonly uid: string } }>;
}

/** Every query of the dashboard to one of its data sources, as Grafana would send it with everything chosen. */
export function queriesOf(datasource: 'prometheus' | 'loki', rangeSeconds: number): Query[] {
  const panels = (dashboardOf().panels ?? []) as unknown as Panel[];
  return panels.flatMap(({ title, type, fieldConfig, targets = [] }) =>
    targets
      .filter(({ datasource: { uid } }) => uid.includes(datasource))
      .map(({ expr, legendFormat = '' }) => ({
        panel: title,
        kind: type,
        unit: fieldConfig?.defaults.unit ?? '',
        expr: filled(expr, rangeSeconds),
        legend: legendFormat,
      })),
  );
}

/** Four scrapes, as Grafana makes it from the data source's interval. */
const RATE_INTERVAL = '10s';

function filled(expr: string, rangeSeconds: number): string {
  return expr
    .replaceAll('$__rate_interval', RATE_INTERVAL)
    .replaceAll('$__range', `${Math.max(1, Math.round(rangeSeconds))}s`)
    .replaceAll('$__auto', '1m')
    .replaceAll('$job', 'mcp')
    .replaceAll(/\$(?:instance|service)/g, '.*')
    .replaceAll('$correlation_id', '.+');
}

/** @param from and `to` in seconds since 1970 @throws Error with what Prometheus says of the query */
export async function ask(prometheus: string, { expr }: Query, from: number, to: number): Promise<Answered[]> {
  const query = new URLSearchParams({ query: expr, start: String(from), end: String(to), step: '1' });
  const answer = (await (await fetch(`${prometheus}/api/v1/query_range`, { method: 'POST', body: query })).json()) as {
    status: string;
    error?: string;
    data: { result: Answered[] };
  };
  if (answer.status !== 'success') throw new Error(`${expr}: ${answer.error}`);
  // What cannot be divided (no calls yet) is no value for a reader.
  return answer.data.result
    .map(({ metric, values }) => ({ metric, values: values.filter(([, value]) => Number.isFinite(Number(value))) }))
    .filter(({ values }) => values.length > 0);
}

/** The name of a series by a legend such as `{{service}} {{tool}}`. */
export function nameOf(legend: string, metric: Readonly<Record<string, string>>): string {
  return legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '').trim();
}
