import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { mutantsOf } from '../../scripts/lib/mutants.js';
import { nameOf, PROMETHEUS, ruleGroups, survivors, testsOf } from '../../scripts/lib/rule-tests.js';
import { verifies } from '../acceptance/requirements.js';
import { noPrometheus } from '../support/programs.js';

interface AlertRule {
  readonly alert?: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const CONFIG = join(PROMETHEUS, '..');
const read = (path: string): unknown => parse(readFileSync(join(CONFIG, path), 'utf8'));
const rules = ruleGroups().flatMap((group) => group.rules);
const loki = (read('loki/rules/fake/mcp.yml') as { groups: Array<{ rules: AlertRule[] }> }).groups.flatMap((group) => group.rules);
const alerts = ([...rules, ...loki] as AlertRule[]).filter(({ alert }) => alert !== undefined);
const headings = readFileSync(join(CONFIG, '../docs/runbook.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('### '))
  .map((line) => line.slice(4));

describe('alerts', () => {
  it.each(alerts.map((rule) => [rule.alert, rule] as const))('%s has a severity, a summary, a description and a runbook', (alert, rule) => {
    expect(['critical', 'warning', 'info']).toContain(rule.labels?.severity);
    expect(Object.keys(rule.annotations ?? {})).toEqual(['summary', 'description', 'runbook_url']);
    expect(rule.annotations?.runbook_url).toBe(`docs/runbook.md#${alert?.toLowerCase()}`);
    expect(headings).toContain(alert);
  });

  it('have no heading in the runbook without an alert', () => {
    expect(headings.filter((heading) => !alerts.some(({ alert }) => alert === heading))).toEqual([]);
  });

  it('and recordings have a test each, and alerts one in which they are quiet too', () => {
    for (const rule of rules) {
      const asked = testsOf(rule).flatMap(({ tests }) => tests);
      expect(asked.length, nameOf(rule)).toBeGreaterThan(0);
      if (rule.alert === undefined) continue;
      const answers = asked.flatMap(({ alert_rule_test: own = [] }) => own).filter(({ alertname }) => alertname === rule.alert);
      expect(new Set(answers.map((answer) => answer.exp_alerts.length > 0)), rule.alert).toEqual(new Set([true, false]));
    }
  });
});

describe('mutants', () => {
  it('flip each sign, double and halve each number and wait, and leave texts, matchers and ranges alone', () => {
    const rule = { alert: 'A', expr: 'rate(a5m_total{x!="> 1"}[5m] offset 1h) > 2 * b or c == 0', for: '1m' };
    expect(mutantsOf(rule).map(({ change }) => change.replace(/ at \d+$/, ''))).toEqual([
      '> -> <',
      '2 -> 4',
      '2 -> 1',
      '* -> /',
      'or -> and',
      '== -> !=',
      '0 -> 1',
      'for: 1m -> 120s',
      'for: 1m -> 30s',
    ]);
  });
});

describe('the configuration of Prometheus', () => {
  it('has nine static targets in the job mcp, and TargetsMissing knows their number', () => {
    const { scrape_configs: jobs } = read('prometheus/prometheus.yml') as {
      scrape_configs: Array<{ job_name: string; static_configs: Array<{ targets: string[] }> }>;
    };
    const targets = jobs.find(({ job_name: name }) => name === 'mcp')?.static_configs.flatMap((entry) => entry.targets) ?? [];
    expect(new Set(targets).size).toBe(9);
    for (const target of targets) expect(target).toMatch(/^mcp-[a-z0-9]+:8080$/);
    expect(rules.find(({ alert }) => alert === 'TargetsMissing')?.expr).toContain(`< ${targets.length} or`);
  });
});

describe.skipIf(noPrometheus !== '')(`promtool${noPrometheus}`, () => {
  it('accepts the configuration, and its rules pass their tests', { timeout: 240_000 }, async () => {
    const tests = readdirSync(join(PROMETHEUS, 'tests')).map((file) => join(PROMETHEUS, 'tests', file));
    await execa('promtool', ['check', 'config', '--lint-fatal', join(PROMETHEUS, 'prometheus.yml')]);
    await execa('promtool', ['test', 'rules', ...tests]);
  });

  it(verifies(['O.alerts'], 'notices every sign, threshold and wait that changes'), { timeout: 600_000 }, async () => {
    const alive = await survivors(2);
    expect(alive.map(({ name, change }) => `${name}: ${change}`)).toEqual([]);
  });
});
