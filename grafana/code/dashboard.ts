import * as sdk from '@grafana/grafana-foundation-sdk/dashboard';
import { logs } from './logs.ts';
import { overview } from './overview.ts';
import { PROMETHEUS } from './panels.ts';
import { processes } from './processes.ts';
import { sessions } from './sessions.ts';
import { traffic } from './traffic.ts';

const ROWS = { Overview: overview, Traffic: traffic, Sessions: sessions, Processes: processes, Logs: logs };

/** A choice among the values of a label; at first all of them, or one. */
function choice(name: string, label: string, within: string, current = { text: 'All', value: '$__all' }): sdk.QueryVariableBuilder {
  return new sdk.QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .query({ query: `label_values(${within}, ${name})`, refId: name })
    .refresh(sdk.VariableRefresh.OnTimeRangeChanged)
    .sort(sdk.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, ...current });
}

/** The dashboard as Grafana reads it. Panel ids are by order, so that links to a panel hold from one version to the next. */
export function dashboardOf(): sdk.Dashboard {
  const builder = new sdk.DashboardBuilder('MCP services')
    .uid('mcp-services')
    .description('Health, traffic, sessions, processes and logs of the MCP services behind hearth.')
    .tags(['mcp', 'hearth'])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(sdk.DashboardCursorSync.Crosshair)
    .readonly()
    .withVariable(new sdk.DatasourceVariableBuilder('prometheus_datasource').label('Prometheus').type('prometheus'))
    .withVariable(new sdk.DatasourceVariableBuilder('loki_datasource').label('Loki').type('loki'))
    // Not the hub: its calls would count twice.
    .withVariable(choice('job', 'Job', 'mcp_wrapper_build_info', { text: 'mcp', value: 'mcp' }))
    .withVariable(choice('instance', 'Instance', 'up{job=~"$job"}'))
    .withVariable(choice('service', 'Service', 'up{job=~"$job"}'))
    .withVariable(new sdk.TextBoxVariableBuilder('correlation_id').label('Correlation id').defaultValue('.+'));
  let id = 1;
  for (const [title, panels] of Object.entries(ROWS)) {
    builder.withRow(new sdk.RowBuilder(title).id(id++));
    for (const panel of panels) builder.withPanel(panel.id(id++));
  }
  return builder.build();
}
