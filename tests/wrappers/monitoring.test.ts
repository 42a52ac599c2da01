import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/lib/free-port.js';
import { fixture, type RunningApp, startApp, untilReady } from '../support/app.js';
import { McpProcess } from './support/mcp.js';
import { MONITORING, noPrometheus, prometheusAndAlertmanager, standIn } from './support/monitoring.js';

const KEY = 'the-key-of-the-monitor';
const TOOLS = [
  'monitoring_health',
  'services_overview',
  'service_details',
  'session_report',
  'performance_report',
  'reset_statistics',
  'cost_estimate',
  'prometheus_query',
  'prometheus_query_range',
  'prometheus_targets',
  'prometheus_alerts',
  'loki_query',
  'alerts',
  'silences',
  'containers',
  'container_stats',
  'container_logs',
  'host_usage',
];
/** Tool -> arguments, and the variable that it needs. */
const NEEDS: ReadonlyArray<readonly [string, Record<string, unknown>, string]> = [
  ['services_overview', {}, 'HEARTH_URLS'],
  ['service_details', { service: 'x' }, 'HEARTH_URLS'],
  ['session_report', {}, 'HEARTH_URLS'],
  ['performance_report', {}, 'HEARTH_URLS'],
  ['reset_statistics', {}, 'HEARTH_URLS'],
  ['cost_estimate', {}, 'PRICES'],
  ['prometheus_query', { query: 'up' }, 'PROMETHEUS_URL'],
  ['prometheus_query_range', { query: 'up' }, 'PROMETHEUS_URL'],
  ['prometheus_targets', {}, 'PROMETHEUS_URL'],
  ['prometheus_alerts', {}, 'PROMETHEUS_URL'],
  ['loki_query', {}, 'LOKI_URL'],
  ['alerts', {}, 'ALERTMANAGER_URL'],
  ['silences', {}, 'ALERTMANAGER_URL'],
  ['containers', {}, 'DOCKER_URL'],
  ['container_stats', {}, 'DOCKER_URL'],
  ['container_logs', { container: 'x' }, 'DOCKER_URL'],
];

async function clientOf(app: RunningApp, key?: string): Promise<Client> {
  const client = new Client({ name: 'caller', version: '1.0.0' });
  const requestInit = key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${app.url}/mcp`), { requestInit }));
  return client;
}

const callMany = async (client: Client, name: string, count: number, args: Record<string, unknown> = {}): Promise<void> => {
  for (let done = 0; done < count; done += 1) await client.callTool({ name, arguments: args }).catch(() => undefined);
};

describe('monitoring with nothing configured', () => {
  let server: McpProcess;
  beforeAll(async () => {
    server = await McpProcess.start(MONITORING, {}, 'auto');
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it('offers every tool with schemas; all but reset_statistics only read', async () => {
    const { tools } = await server.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(TOOLS);
    expect(tools.filter(({ outputSchema, title }) => !outputSchema || !title)).toEqual([]);
    expect(tools.filter(({ annotations }) => annotations?.readOnlyHint !== true).map(({ name }) => name)).toEqual(['reset_statistics']);
  });

  it.each(NEEDS)('%s says which variable is missing', async (tool, args, variable) => {
    expect(await server.call(tool, args)).toMatchObject({ isError: true, text: expect.stringContaining(`Not configured: ${variable}`) });
  });

  it('monitoring_health names all that is missing', async () => {
    const { data, isError } = await server.call('monitoring_health');
    expect(isError).toBe(false);
    expect(data).toMatchObject({
      status: 'ok',
      missing: ['HEARTH_URLS', 'PROMETHEUS_URL', 'LOKI_URL', 'ALERTMANAGER_URL', 'DOCKER_URL', 'PRICES'],
    });
  });

  it('host_usage measures this machine', async () => {
    const { data } = await server.call('host_usage');
    expect(data).toMatchObject({ cpuPercent: expect.any(Number), disks: [{ path: '/', error: null, totalBytes: expect.any(Number) }] });
    expect(data?.memoryTotalBytes).toBeGreaterThan(data?.memoryAvailableBytes as number);
  });
});

describe('monitoring of real hearths', () => {
  let good: RunningApp;
  let broken: RunningApp;
  let server: McpProcess;
  let gone = 0;

  beforeAll(async () => {
    good = await startApp({ servers: { one: fixture() }, auth: { keys: [KEY] } });
    broken = await startApp({ servers: { bad: fixture('exit-at-start') } });
    await untilReady(good.url);
    gone = await freePort();
    server = await McpProcess.start(MONITORING, {
      HEARTH_URLS: `good=${good.url}, broken=${broken.url},gone=http://user:pass-word@127.0.0.1:${gone}`,
      HEARTH_KEY: KEY,
      PRICES: '{"currency": "EUR", "tools": {"good/echo": 0.5, "*": 0.01}}',
    });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await good?.[Symbol.asyncDispose]();
    await broken?.[Symbol.asyncDispose]();
  });

  it('services_overview: ready, not ready and why, unreachable and why', async () => {
    const { data, text } = await server.call('services_overview');
    expect(data).toMatchObject({
      ready: 1,
      total: 3,
      services: [
        { name: 'good', reachable: true, ready: true, state: 'ready', restarts: 0, tools: 19, reasons: [] },
        { name: 'broken', reachable: true, ready: false, tools: 0, reasons: [expect.stringContaining('bad')] },
        {
          name: 'gone',
          url: `http://127.0.0.1:${gone}`,
          reachable: false,
          ready: false,
          restarts: null,
          reasons: [expect.stringContaining('ECONNREFUSED')],
        },
      ],
    });
    expect(text).toContain('1 of 3 services are ready');
    expect(JSON.stringify(data)).not.toMatch(/pass-word|the-key/);
  });

  it('service_details: the deep check, of a broken service, too', async () => {
    expect((await server.call('service_details', { service: 'good' })).data).toMatchObject({
      ready: true,
      health: { status: 'ok', servers: [{ name: 'one', tools: 19 }] },
    });
    expect((await server.call('service_details', { service: 'broken' })).data).toMatchObject({ ready: false, health: { status: 'down' } });
    expect(await server.call('service_details', { service: 'other' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('good, broken'),
    });
  });

  it('session_report: counts, no leak where there is none', async () => {
    const client = await clientOf(good, KEY);
    const { data } = await server.call('session_report', { service: 'good' });
    expect(data).toMatchObject({ services: [{ service: 'good', active: 1, leak: 'none', findings: [], idleTimeoutSeconds: expect.any(Number) }] });
    await client.close();
    expect((await server.call('session_report')).data).toMatchObject({ failures: [{ service: 'gone' }] });
  });

  it('performance_report, reset_statistics and cost_estimate agree with the calls that were made', async () => {
    const client = await clientOf(good, KEY);
    const report = async (args = {}) => (await server.call('performance_report', { service: 'good', ...args })).data?.services as unknown[];
    await callMany(client, 'echo', 4, { text: 'x' });
    await callMany(client, 'sleep', 1, { ms: 300 });
    await callMany(client, 'fail', 1);
    await callMany(client, 'error', 1);
    const [first] = await report();
    expect(first).toMatchObject({ service: 'good', calls: 7, inFlight: 0, waiting: 0, breakerOpen: false, toolErrorRate: 0.1429, errorRate: 0.1429 });
    const [slow] = (await report({ tool: 'sleep' })) as Array<{ tools: unknown[]; p50Ms: number; p99Ms: number; calls: number }>;
    expect(slow?.calls).toBe(1);
    expect(slow?.p50Ms).toBeGreaterThan(200);
    expect(slow?.p99Ms).toBeLessThanOrEqual(500);
    const cost = await server.call('cost_estimate', { service: 'good' });
    expect(cost.data).toMatchObject({ currency: 'EUR', total: 2.03, unpriced: [] });
    expect((await server.call('reset_statistics', { service: 'good' })).data).toMatchObject({ reset: ['good'], failures: [] });
    expect((await report())[0]).toMatchObject({ calls: 0, p50Ms: null, p99Ms: null, tools: [] });
    await callMany(client, 'echo', 2, { text: 'x' });
    const [since] = (await report()) as Array<{ calls: number; tools: unknown[] }>;
    expect(since).toMatchObject({ calls: 2, tools: [{ tool: 'echo', calls: 2, outcomes: { ok: 2 } }] });
    expect((await server.call('cost_estimate', { service: 'good' })).data).toMatchObject({ total: 1 });
    await server.call('reset_statistics', { service: 'good', undo: true });
    expect((await report())[0]).toMatchObject({ calls: 9 });
    await client.close();
  });

  it('monitoring_health tells what answers from what does not', async () => {
    const { data, text } = await server.call('monitoring_health');
    expect(data).toMatchObject({ status: 'degraded', missing: ['PROMETHEUS_URL', 'LOKI_URL', 'ALERTMANAGER_URL', 'DOCKER_URL'] });
    expect(text).toContain('good: reachable');
    expect(text).toContain('gone: NOT REACHABLE');
  });

  it('without the key: ready, and says why there is no more', async () => {
    await using keyless = await McpProcess.start(MONITORING, { HEARTH_URLS: `good=${good.url}` });
    const { data } = await keyless.call('services_overview');
    expect(data).toMatchObject({ services: [{ ready: true, restarts: null, reasons: [expect.stringContaining('401')] }] });
    expect((await keyless.call('performance_report')).data).toMatchObject({ services: [], failures: [{ error: expect.stringContaining('401') }] });
  });
});

it('the labels of a hub tell its servers apart', async () => {
  await using hub = await startApp({ servers: { a: fixture(), b: fixture() } });
  await untilReady(hub.url);
  await using server = await McpProcess.start(MONITORING, { HEARTH_URLS: `hub=${hub.url}` });
  const client = await clientOf(hub);
  await callMany(client, 'a__echo', 2, { text: 'x' });
  await callMany(client, 'b__echo', 1, { text: 'x' });
  await client.close();
  expect((await server.call('performance_report')).data).toMatchObject({
    services: [
      {
        calls: 3,
        tools: [
          { server: 'a', tool: 'echo', calls: 2 },
          { server: 'b', tool: 'echo', calls: 1 },
        ],
      },
    ],
  });
});

describe.skipIf(noPrometheus !== '')(`a real Prometheus and Alertmanager${noPrometheus}`, { timeout: 60_000 }, () => {
  it('queries, targets, alerts, silences', async () => {
    await using app = await startApp({ servers: { one: fixture() } });
    await untilReady(app.url);
    await using real = await prometheusAndAlertmanager(new URL(app.url).host);
    await using server = await McpProcess.start(MONITORING, { PROMETHEUS_URL: real.prometheus, ALERTMANAGER_URL: real.alertmanager });
    await expect.poll(async () => (await server.call('prometheus_targets')).data?.up, { timeout: 20_000 }).toBe(1);
    // The two are scraped at moments of Prometheus' own choice.
    await expect
      .poll(async () => (await server.call('prometheus_targets', { down: true })).data, { timeout: 20_000 })
      .toMatchObject({ total: 2, targets: [{ health: 'down', error: expect.stringContaining('refused') }] });
    const query = await server.call('prometheus_query', { query: 'mcp_tools{job="mcp"}' });
    expect(query.data).toMatchObject({ type: 'vector', series: [{ labels: { job: 'mcp' }, points: [{ value: '19' }] }], truncated: false });
    expect((await server.call('prometheus_query', { query: 'scalar(vector(7))' })).data).toMatchObject({
      type: 'scalar',
      series: [{ points: [{ value: '7' }] }],
    });
    expect((await server.call('prometheus_query', { query: '{job=~".+"}', limit: 3 })).data).toMatchObject({ truncated: true });
    const range = await server.call('prometheus_query_range', { query: 'up', last: '5m', step: '1s' });
    expect(range.data).toMatchObject({ type: 'matrix', total: 2 });
    const wrong = await server.call('prometheus_query', { query: 'sum(' });
    expect(wrong).toMatchObject({ isError: true, text: expect.stringContaining('parse error') });
    expect((await server.call('prometheus_query_range', { query: 'up', last: '7d', step: '1s' })).isError).toBe(true);
    await expect
      .poll(async () => (await server.call('prometheus_alerts')).data, { timeout: 20_000 })
      .toMatchObject({ firing: 1, alerts: [{ labels: { alertname: 'AlwaysFires' } }] });
    await expect.poll(async () => (await server.call('alerts')).data?.total, { timeout: 20_000 }).toBe(1);
    const matchers = [{ name: 'alertname', value: 'AlwaysFires', isRegex: false, isEqual: true }];
    const [startsAt, endsAt] = [new Date(), new Date(Date.now() + 60_000)];
    const silence = { matchers, startsAt, endsAt, createdBy: 'a test', comment: 'quiet' };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${real.alertmanager}/api/v2/silences`, { method: 'POST', headers, body: JSON.stringify(silence) });
    expect((await server.call('silences')).data).toMatchObject({
      total: 1,
      silences: [{ state: 'active', matchers: ['alertname="AlwaysFires"'], createdBy: 'a test', comment: 'quiet' }],
    });
    await expect.poll(async () => (await server.call('alerts', { silenced: false })).data?.total, { timeout: 20_000 }).toBe(0);
    expect((await server.call('monitoring_health')).data).toMatchObject({ status: 'ok' });
  });
});

it('what Prometheus is told of credentials, and what it says of them, stays out of errors and answers', async () => {
  await using fake = await standIn((url) =>
    url.pathname.endsWith('/query')
      ? { status: 500, body: '{"error": "the store at http://me:hidden@db failed; you sent s3cret-pass"}' }
      : { body: '{"status": "success", "data": {"activeTargets": [{"scrapeUrl": "http://u:p4ss@host/metrics", "health": "up"}]}}' },
  );
  await using server = await McpProcess.start(MONITORING, { PROMETHEUS_URL: fake.url.replace('http://', 'http://user:s3cret-pass@') });
  const failed = await server.call('prometheus_query', { query: 'up' });
  expect(failed).toMatchObject({ isError: true, text: expect.stringContaining('answered 500: the store at http://***@db failed; you sent ***') });
  const { data } = await server.call('prometheus_targets');
  expect(data).toMatchObject({ targets: [{ url: 'http://***@host/metrics' }] });
  expect(fake.authorizations[0]).toBe(`Basic ${Buffer.from('user:s3cret-pass').toString('base64')}`);
});
