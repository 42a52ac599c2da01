import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Metrics, parseExposition, quantile } from '../../wrappers/monitoring/exposition.js';
import { suspicionOf } from '../../wrappers/monitoring/tools-sessions.js';
import { TempFolder } from '../support/temp.js';
import { McpProcess } from './support/mcp.js';
import { frame, MONITORING, type StandIn, standIn } from './support/monitoring.js';

// Loki and Docker are not to be had here: small servers speak the shapes of their APIs, as their documentation has them.

const STREAMS = {
  status: 'success',
  data: {
    resultType: 'streams',
    result: [
      { stream: { mcp_service: 'memory', level: 'error' }, values: [['1767225600000000001', '{"message":"older"}']] },
      { stream: { mcp_service: 'files', level: 'error' }, values: [['1767225601000000000', '{"message":"newer"}', { trace: 'x' }]] },
    ],
  },
};
const MATRIX = { status: 'success', data: { resultType: 'matrix', result: [{ metric: { a: 'b' }, values: [[1767225600, '3']] }] } };

describe('loki_query', () => {
  let loki: StandIn;
  let server: McpProcess;
  beforeAll(async () => {
    loki = await standIn((url) => {
      if (url.pathname === '/ready') return { body: 'ready' };
      const query = url.searchParams.get('query') ?? '';
      if (query.includes('wrong')) return { status: 400, body: 'parse error at line 1, col 7: syntax error' };
      if (query.includes('slow')) return { body: '{}', delayMs: 2_000 };
      if (query.includes('huge')) return { body: 'x'.repeat(100_000) };
      if (query.includes('away')) return { status: 302, body: '', headers: { location: 'http://elsewhere/' } };
      return { body: JSON.stringify(query.startsWith('sum') ? MATRIX : STREAMS) };
    });
    server = await McpProcess.start(MONITORING, {
      LOKI_URL: `${loki.url}/`,
      LOKI_TOKEN: 'token-of-loki',
      MONITORING_TIMEOUT_MS: '500',
      MONITORING_MAX_BYTES: '50000',
    });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await loki?.[Symbol.asyncDispose]();
  });

  it.each([
    [{}, '{mcp_service=~".+"}'],
    [{ level: 'error' }, '{mcp_service=~".+", level="error"}'],
    [{ labels: { mcp_service: 'memory' }, level: 'warn' }, '{mcp_service="memory", level="warn"}'],
    [{ correlationId: 'abc-1' }, '{mcp_service=~".+"} |= "abc-1"'],
    [{ labels: { a: 'x"} or {b="' }, contains: '\\"' }, '{a="x\\"} or {b=\\""} |= "\\\\\\""'],
    [{ query: '{a="b"} | json' }, '{a="b"} | json'],
  ])('%j asks %s', async (asked, query) => {
    const { data } = await server.call('loki_query', { ...asked, start: '2026-01-01T00:00:00Z', end: '1767229200', limit: 7 });
    expect(data).toMatchObject({ query });
    expect(Object.fromEntries(loki.asked.at(-1)?.searchParams ?? [])).toEqual({
      query,
      start: '1767225600000000000',
      end: '1767229200000000000',
      limit: '7',
      direction: 'backward',
    });
    expect(loki.authorizations.at(-1)).toBe('Bearer token-of-loki');
  });

  it('gives lines newest first, and series of metric queries', async () => {
    const { data, text } = await server.call('loki_query');
    expect(data).toMatchObject({ lines: [{ line: '{"message":"newer"}' }, { line: '{"message":"older"}' }] });
    expect(text).toMatch(/^2026-01-01T00:00:01.000Z \{"message":"newer"\}\n/);
    const metrics = await server.call('loki_query', { query: 'sum(rate({a="b"}[1m]))' });
    expect(metrics.data).toMatchObject({ lines: [], metrics: { type: 'matrix', series: [{ labels: { a: 'b' }, points: [{ value: '3' }] }] } });
  });

  it.each([
    ['a refusal', { query: '{wrong' }, 'answered 400: parse error at line 1'],
    ['a time limit', { query: '{slow}' }, 'no answer within 0.5 s'],
    ['a size cap', { query: '{huge}' }, 'more than 50000 bytes'],
    ['no redirects', { query: '{away}' }, 'answered 302'],
    ['a query with labels', { query: '{a="b"}', level: 'error' }, 'query stands alone'],
    ['a wrong time', { start: 'yesterday' }, 'is no time'],
    ['a wrong duration', { last: 'long' }, 'is no duration'],
    ['an empty range', { start: '2026-01-02', end: '2026-01-01' }, 'range is empty'],
  ])('has %s', async (_, asked, text) => {
    expect(await server.call('loki_query', asked)).toMatchObject({ isError: true, text: expect.stringContaining(text) });
  });

  it('is part of monitoring_health', async () => {
    expect((await server.call('monitoring_health')).text).toContain('loki: reachable');
  });
});

const CONTAINERS = [
  {
    Id: '0123456789abcdef',
    Names: ['/memory'],
    Image: 'hearth:1',
    State: 'running',
    Status: 'Up 2 hours (healthy)',
    Created: 1767225600,
    Labels: { 'com.mcp.type': 'memory', 'com.docker.compose.service': 'memory', 'some.secret': 'x' },
  },
  { Id: 'fedcba9876543210', Names: ['/old'], Image: 'old', State: 'exited', Status: 'Exited (1) 3 days ago', Created: 1767225600, Labels: {} },
];
const STATS = {
  cpu_stats: { cpu_usage: { total_usage: 3_000_000_000 }, system_cpu_usage: 20_000_000_000, online_cpus: 4 },
  precpu_stats: { cpu_usage: { total_usage: 2_000_000_000 }, system_cpu_usage: 16_000_000_000 },
  memory_stats: { usage: 300, limit: 1_000, stats: { inactive_file: 100 } },
  pids_stats: { current: 5 },
  networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } },
};

describe('Docker', () => {
  let docker: StandIn;
  let server: McpProcess;
  beforeAll(async () => {
    docker = await standIn(({ pathname }) => {
      if (pathname === '/_ping') return { body: 'OK' };
      if (pathname === '/containers/json') return { body: JSON.stringify(CONTAINERS) };
      if (pathname === '/containers/memory/stats') return { body: JSON.stringify(STATS) };
      if (pathname === '/containers/memory/logs')
        return { body: Buffer.concat([frame(1, '2026-01-01T00:00:00Z out\n'), frame(2, '2026-01-01T00:00:01Z err Ärger\n')]) };
      if (pathname === '/containers/tty/logs') return { body: 'plain\r\nlines\r\n' };
      if (pathname === '/containers/hidden/logs') return { status: 403, body: '<h1>Forbidden</h1>' };
      return undefined;
    });
    server = await McpProcess.start(MONITORING, { DOCKER_URL: docker.url });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  it('containers: states and health, no foreign labels', async () => {
    const { data, text } = await server.call('containers');
    expect(data).toEqual({
      total: 2,
      running: 1,
      containers: [
        {
          id: '0123456789ab',
          name: 'memory',
          image: 'hearth:1',
          state: 'running',
          status: 'Up 2 hours (healthy)',
          health: 'healthy',
          created: '2026-01-01T00:00:00.000Z',
          labels: { 'com.mcp.type': 'memory', 'com.docker.compose.service': 'memory' },
        },
        expect.objectContaining({ name: 'old', state: 'exited', health: 'none' }),
      ],
    });
    expect(text).toContain('memory: running');
    expect((await server.call('containers', { state: 'exited' })).data?.containers).toHaveLength(1);
  });

  it('container_stats: as docker stats computes them', async () => {
    const expected = { cpuPercent: 100, memoryBytes: 200, memoryPercent: 20, processes: 5, receivedBytes: 11, sentBytes: 22 };
    expect((await server.call('container_stats')).data).toMatchObject({ containers: [expected], failures: [], truncated: false });
    expect(await server.call('container_stats', { container: 'none' })).toMatchObject({ isError: true, text: expect.stringContaining('404') });
  });

  it('container_logs: with and without a terminal', async () => {
    const { data } = await server.call('container_logs', { container: 'memory', tail: 5, last: '1h' });
    expect(data).toEqual({ container: 'memory', lines: ['2026-01-01T00:00:00Z out', '2026-01-01T00:00:01Z err Ärger'], truncated: false });
    expect(docker.asked.at(-1)?.searchParams.get('tail')).toBe('5');
    expect((await server.call('container_logs', { container: 'tty', contains: 'line' })).data).toMatchObject({ lines: ['lines'] });
    expect(await server.call('container_logs', { container: 'hidden' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('permissions'),
    });
    expect(await server.call('container_logs', { container: '../secrets' })).toMatchObject({ isError: true });
    expect(docker.asked.every(({ pathname }) => !pathname.includes('secrets'))).toBe(true);
  });
});

describe('settings', () => {
  const stderrOf = (env: Record<string, string>) => {
    const { status, stderr } = spawnSync(process.execPath, [MONITORING], { env: { PATH: process.env.PATH ?? '', ...env }, input: '' });
    return { status, text: stderr.toString() };
  };

  it.each([
    [{ HEARTH_URLS: 'http://user:hidden-word@host' }, 'not name=url'],
    [{ HEARTH_URLS: 'a=http://x,a=http://y' }, 'names a twice'],
    [{ PROMETHEUS_URL: 'ftp://user:hidden-word@host' }, 'PROMETHEUS_URL: this is not an http(s) URL'],
    [{ LOKI_URL: 'http://host/?token=hidden-word' }, 'neither a query'],
    [{ PRICES: '{"tools": {"a": -1}}' }, 'no price table'],
    [{ PRICES_FILE: '/nowhere' }, 'cannot be read'],
    [{ MONITORING_TIMEOUT_MS: 'x' }, 'MONITORING_TIMEOUT_MS'],
  ])('%j ends it with 2', (env, text) => {
    const ended = stderrOf(env);
    expect(ended).toMatchObject({ status: 2, text: expect.stringContaining(text) });
    expect(ended.text).not.toContain('hidden-word');
  });

  it('takes URLs and prices from files', async () => {
    using folder = new TempFolder();
    writeFileSync(folder.file('prices.json'), '{"tools": {"*": 1}}');
    writeFileSync(folder.file('loki'), 'http://loki.invalid:3100\n');
    await using server = await McpProcess.start(MONITORING, { PRICES_FILE: folder.file('prices.json'), LOKI_URL_FILE: folder.file('loki') });
    const { data } = await server.call('monitoring_health');
    expect(data).toMatchObject({ status: 'degraded', missing: ['HEARTH_URLS', 'PROMETHEUS_URL', 'ALERTMANAGER_URL', 'DOCKER_URL'] });
  });
});

describe('numbers', () => {
  const bucket = (le: string, value: number) => ({ name: 'h_bucket', labels: { le }, value });

  it('reads the text format', () => {
    expect(parseExposition('# HELP a b\na{x="1 } \\"q\\" \\\\n",y="\\n"} 2.5 1234\nb +Inf\n\nnot a line')).toEqual([
      { name: 'a', labels: { x: '1 } "q" \\n', y: '\n' }, value: 2.5 },
      { name: 'b', labels: {}, value: Infinity },
    ]);
  });

  it('computes quantiles as Prometheus does', () => {
    const buckets = [bucket('0.1', 50), bucket('0.2', 90), bucket('1', 98), bucket('+Inf', 100)];
    expect(quantile(0.5, buckets)).toBeCloseTo(0.1);
    expect(quantile(0.25, buckets)).toBeCloseTo(0.05);
    expect(quantile(0.95, buckets)).toBeCloseTo(0.7);
    expect(quantile(0.99, buckets)).toBe(1);
    expect(quantile(0.5, [...buckets, ...buckets])).toBeCloseTo(0.1);
    expect(quantile(0.5, [bucket('1', 0), bucket('+Inf', 0)])).toBeNull();
    expect(quantile(0.5, [])).toBeNull();
  });

  it('counts since a baseline, and from 0 after a restart', () => {
    const at = (start: number, calls: number, active: number): Metrics =>
      new Metrics(parseExposition(`process_start_time_seconds ${start}\ncalls_total{a="b"} ${calls}\nactive ${active}`));
    const since = at(1, 15, 3).since(at(1, 10, 7));
    expect([since.sum('calls_total'), since.sum('active')]).toEqual([5, 3]);
    expect(
      at(2, 4, 3)
        .since(at(1, 10, 7))
        .sum('calls_total'),
    ).toBe(4);
  });

  it('suspects a leak by what outlives the idle timeout, first', () => {
    const facts = {
      service: 's',
      active: 2,
      limit: 100,
      opened: 5,
      closed: 3,
      closedBy: {},
      eventStreams: 0,
      oldestIdleSeconds: 100,
      idleTimeoutSeconds: 1_000,
      childProcesses: 1,
      childProcessesExpected: 1,
    };
    expect(suspicionOf(facts).leak).toBe('none');
    expect(suspicionOf({ ...facts, oldestIdleSeconds: 1_501 }).leak).toBe('likely');
    expect(suspicionOf({ ...facts, oldestIdleSeconds: 1_499 }).leak).toBe('none');
    expect(suspicionOf({ ...facts, idleTimeoutSeconds: 0, oldestIdleSeconds: 9_999 }).leak).toBe('none');
    expect(suspicionOf({ ...facts, opened: 6 }).leak).toBe('possible');
    expect(suspicionOf({ ...facts, active: 95, opened: 98 }).leak).toBe('possible');
  });
});
