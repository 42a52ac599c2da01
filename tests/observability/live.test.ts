import { describe, expect, it } from 'vitest';
import { observe } from '../../scripts/lib/observatory/observatory.js';
import { pictureOf } from '../../scripts/lib/observatory/picture.js';
import { tableOf } from '../../scripts/lib/observatory/table.js';
import { verifies } from '../acceptance/requirements.js';
import { absent, noPrometheus } from '../support/programs.js';

const missing = noPrometheus || absent('prometheus-alertmanager', 'prometheus-alertmanager');

describe.skipIf(missing !== '')(`nine wrappers under load with faults, before a real Prometheus and Alertmanager${missing}`, () => {
  it(verifies(['O.alerts', 'O.dashboards'], 'raise the alerts that they should, and give data to every query of the dashboard'), {
    timeout: 240_000,
  }, async () => {
    const observed = await observe(6_000, 0);
    const { text, empty } = tableOf(observed);
    process.stdout.write(`${text}\n`); // what the run has shown, for the log of CI
    expect(observed.missing).toEqual([]);
    expect(empty).toEqual([]);
    const firing = observed.alerts.filter(({ status }) => status === 'firing');
    const leak = firing.find(({ labels }) => labels.alertname === 'SessionLeak');
    expect(leak?.labels).toMatchObject({ service: 'fetch', severity: 'critical', job: 'mcp' });
    expect(leak?.annotations).toMatchObject({ summary: 'fetch leaks sessions', runbook_url: 'docs/runbook.md#sessionleak' });
    // Of the one without a fault nothing is said, but for what a busy machine does to anybody.
    const ofHealthy = firing.filter(({ labels }) => labels.service === 'filesystem').map(({ labels }) => labels.alertname);
    expect(ofHealthy.filter((name) => name !== 'HighLatency' && name !== 'ServiceDown')).toEqual([]);
    const names = firing.map(({ labels }) => labels.alertname);
    expect(names).not.toContain('TargetsMissing');
    expect(names).not.toContain('SessionAccountingWrong');
    const picture = pictureOf(observed);
    expect(picture).toContain('Health of each service');
    expect(picture).not.toMatch(/NaN|undefined|Infinity/);
  });
});
