import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { dashboardOf } from '../../grafana/code/dashboard.js';
import { verifies } from '../acceptance/requirements.js';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: ReadonlyArray<{ readonly expr: string; readonly datasource: { readonly uid: string } }>;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const file = (path: string): string => readFileSync(`${ROOT}/${path}`, 'utf8');
const dashboard = dashboardOf();
const panels = (dashboard.panels ?? []) as unknown as Panel[];
const shown = panels.filter(({ type }) => type !== 'row');
const variables = dashboard.templating?.list?.map(({ name }) => name);

describe('the dashboard', () => {
  it('is what its JSON file says, and cannot be edited', () => {
    expect(JSON.parse(file('grafana/dashboards/mcp-services.json'))).toEqual(JSON.parse(JSON.stringify(dashboard)));
    expect(dashboard).toMatchObject({ editable: false, uid: 'mcp-services' });
  });

  it('has five rows, ids of its own, and panels that do not overlap', () => {
    expect(panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual(['Overview', 'Traffic', 'Sessions', 'Processes', 'Logs']);
    expect(panels.map(({ id }) => id)).toEqual(panels.map((_, index) => index + 1));
    const cells = shown.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
  });

  it.each(shown.map((panel) => [panel.title, panel] as const))('%s says what it shows, in which unit, from which data source', (_title, panel) => {
    expect(panel.description).toMatch(/\.$/);
    expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
    expect(panel.targets?.length).toBeGreaterThan(0);
    for (const { expr, datasource } of panel.targets ?? []) {
      expect(['$' + '{prometheus_datasource}', '$' + '{loki_datasource}']).toContain(datasource.uid);
      const used = [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name as string).filter((name) => !name.startsWith('__'));
      for (const name of used) expect(variables).toContain(name);
      // A rate over a fixed window has gaps or lies when the scrape interval or the zoom changes.
      expect(expr).not.toMatch(/rate\([^()]*\[\d/);
    }
  });

  it('is chosen from by data source, job, instance, service and correlation id', () => {
    expect(variables).toEqual(['prometheus_datasource', 'loki_datasource', 'job', 'instance', 'service', 'correlation_id']);
  });
});

describe('provisioning', () => {
  it(verifies(['O.dashboards'], 'has the data sources that the dashboard wants, at the names of the compose services'), () => {
    const { apiVersion, datasources } = parse(file('grafana/provisioning/datasources/datasources.yml')) as {
      apiVersion: number;
      datasources: Array<{ uid: string; type: string; url: string; access: string }>;
    };
    expect(apiVersion).toBe(1);
    expect(datasources.map(({ uid, type, url, access }) => [uid, type, url, access])).toEqual([
      ['prometheus', 'prometheus', 'http://prometheus:9090', 'proxy'],
      ['loki', 'loki', 'http://loki:3100', 'proxy'],
      ['alertmanager', 'alertmanager', 'http://alertmanager:9093', 'proxy'],
    ]);
  });

  it('puts dashboards from files into a folder', () => {
    const { providers } = parse(file('grafana/provisioning/dashboards/dashboards.yml')) as { providers: unknown[] };
    expect(providers).toEqual([
      expect.objectContaining({ type: 'file', folder: 'MCP', allowUiUpdates: false, options: { path: '/var/lib/grafana/dashboards' } }),
    ]);
  });
});
