import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const CONFIG = fileURLToPath(new URL('../../../config', import.meta.url));
const read = <T>(path: string): T => parse(readFileSync(join(CONFIG, path), 'utf8')) as T;

interface PrometheusConfig {
  global: object;
  rule_files: string[];
  alerting: { alertmanagers: object[] };
  scrape_configs: Array<{ job_name: string; static_configs: object[]; relabel_configs?: object[] }>;
}

interface RuleFile {
  groups: Array<{ name: string; rules: Array<{ for?: string }> }>;
}

interface AlertmanagerConfig {
  route: object & { routes: object[] };
  receivers: Array<{ name: string; webhook_configs: Array<{ url_file?: string; url?: string }> }>;
}

/**
 * The project's own configuration of Prometheus with other addresses, and with seconds where it has minutes: intervals, and
 * `for` of the alerts. Expressions, windows and thresholds stay.
 *
 * @param services name and address of each
 * @returns the file
 */
export function writePrometheus(folder: string, services: ReadonlyMap<string, string>, alertmanager: string): string {
  const config = read<PrometheusConfig>('prometheus/prometheus.yml');
  const [mcp] = config.scrape_configs.filter(({ job_name: name }) => name === 'mcp');
  if (!mcp) throw new Error('prometheus.yml has no job mcp');
  const targets = [...services].map(([service, address]) => ({ targets: [address], labels: { service } }));
  mkdirSync(join(folder, 'rules'), { recursive: true });
  for (const file of readdirSync(join(CONFIG, 'prometheus/rules'))) {
    const { groups } = read<RuleFile>(`prometheus/rules/${file}`);
    const quick = groups.map((group) => ({ ...group, rules: group.rules.map((rule) => (rule.for === undefined ? rule : { ...rule, for: '2s' })) }));
    writeFileSync(join(folder, 'rules', file), stringify({ groups: quick }));
  }
  const quick = {
    ...config,
    global: { ...config.global, scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [{ ...mcp, static_configs: targets, relabel_configs: [] }],
  };
  writeFileSync(join(folder, 'prometheus.yml'), stringify(quick));
  return join(folder, 'prometheus.yml');
}

/** The project's own configuration of Alertmanager, with the webhook's address and without its long waits. @returns the file */
export function writeAlertmanager(folder: string, webhook: string): string {
  const config = read<AlertmanagerConfig>('alertmanager/alertmanager.yml');
  const waits = { group_wait: '1s', group_interval: '1s', repeat_interval: '1h' };
  const route = { ...config.route, ...waits, routes: config.route.routes.map((own) => ({ ...own, ...waits })) };
  const receivers = config.receivers.map((receiver) => ({
    ...receiver,
    webhook_configs: receiver.webhook_configs.map(({ url_file: _file, ...rest }) => ({ ...rest, url: webhook })),
  }));
  writeFileSync(join(folder, 'alertmanager.yml'), stringify({ ...config, route, receivers }));
  return join(folder, 'alertmanager.yml');
}
