import * as common from '@grafana/grafana-foundation-sdk/common';
import type { ThresholdsConfigBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as logs from '@grafana/grafana-foundation-sdk/logs';
import * as loki from '@grafana/grafana-foundation-sdk/loki';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/** Labels that the variables of the dashboard choose. */
export const CHOSEN = 'job=~"$job", instance=~"$instance", service=~"$service"';
/** The same for logs, which have no job, and compose's names of services. */
export const CHOSEN_LOGS = 'mcp_type=~".+", mcp_service=~"(mcp-)?$service"';

export const PROMETHEUS = { type: 'prometheus', uid: '$' + '{prometheus_datasource}' };
export const LOKI = { type: 'loki', uid: '$' + '{loki_datasource}' };

/** What a panel is and says; `unit` is one of Grafana's. */
export interface Words {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
}

/** An expression, and the name of what it gives. */
export type Query = readonly [expr: string, legend: string];

const HEIGHT = 8;
const REF_IDS = 'ABCDEFGH';

function rangeQuery([expr, legend]: Query, index: number): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder()
    .refId(REF_IDS[index] ?? 'A')
    .datasource(PROMETHEUS)
    .expr(expr)
    .legendFormat(legend)
    .range();
}

function instantQuery(expr: string): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder().refId('A').datasource(PROMETHEUS).expr(expr).instant();
}

/** Lines over time, with the last values in a legend. */
export function lines({ title, description, unit }: Words, queries: readonly Query[], span = 8): timeseries.PanelBuilder {
  return new timeseries.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(PROMETHEUS)
    .min(0)
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(common.VisibilityMode.Never)
    .legend(new common.VizLegendOptionsBuilder().displayMode(common.LegendDisplayMode.List).placement(common.LegendPlacement.Bottom).showLegend(true))
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending))
    .targets(queries.map(rangeQuery))
    .height(HEIGHT)
    .span(span);
}

/** One number, coloured by where it stands. @param steps from the lowest value up; the first has none */
export function number({ title, description, unit }: Words, expr: string, steps: ThresholdsConfigBuilder, span = 6): stat.PanelBuilder {
  return new stat.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(PROMETHEUS)
    .thresholds(steps)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .withTarget(instantQuery(expr))
    .height(4)
    .span(span);
}

export function thresholds(...steps: ReadonlyArray<readonly [value: number | null, color: string]>): ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value: value as number, color })));
}

/** A row of coloured states for each series. */
export function states({ title, description, unit }: Words, [expr, legend]: Query, names: Record<string, { text: string; color: string }>) {
  return new statetimeline.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(PROMETHEUS)
    .mappings([{ type: dashboard.MappingType.ValueToText, options: names }])
    .showValue(common.VisibilityMode.Never)
    .mergeValues(true)
    .withTarget(rangeQuery([expr, legend], 0))
    .height(HEIGHT)
    .span(14);
}

/** What holds now, one line a series. */
export function rowsOf({ title, description, unit }: Words, expr: string, hidden: readonly string[]): table.PanelBuilder {
  return new table.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(PROMETHEUS)
    .noValue('none')
    .withTarget(instantQuery(expr).format(prometheus.PromQueryFormat.Table))
    .withTransformation({ id: 'organize', options: { excludeByName: Object.fromEntries(hidden.map((name) => [name, true])) } })
    .height(HEIGHT)
    .span(10);
}

/** Log lines, newest first. */
export function logLines({ title, description, unit }: Words, expr: string, span = 24): logs.PanelBuilder {
  return new logs.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(LOKI)
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .sortOrder(common.LogsSortOrder.Descending)
    .withTarget(new loki.DataqueryBuilder().refId('A').datasource(LOKI).expr(expr).maxLines(500))
    .height(10)
    .span(span);
}

/** Counts of log lines over time. */
export function logCounts(words: Words, [expr, legend]: Query): timeseries.PanelBuilder {
  return lines(words, [], 24)
    .datasource(LOKI)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal))
    .drawStyle(common.GraphDrawStyle.Bars)
    .fillOpacity(60)
    .targets([new loki.DataqueryBuilder().refId('A').datasource(LOKI).expr(expr).legendFormat(legend)]);
}
