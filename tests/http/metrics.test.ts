import type { Counter } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ContainerMetrics } from '../../src/telemetry/container-metrics.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { ServerMetricFamilies } from '../../src/telemetry/server-metrics.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { RawHttp } from '../support/raw-client.js';
import { RawSocket } from '../support/socket.js';
import { metric } from '../support/wire.js';

const text = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();

const NAMES = [
  'http_requests_total http_request_duration_seconds http_requests_in_flight mcp_requests_rejected_total',
  'mcp_tool_calls_total mcp_tool_duration_seconds mcp_requests_total mcp_request_duration_seconds mcp_requests_in_flight',
  'mcp_rpc_errors_total mcp_messages_total mcp_message_size_bytes mcp_messages_dropped_total mcp_tools',
  'chat_sessions_active mcp_sessions_limit mcp_sessions_opened_total mcp_sessions_closed_total mcp_session_duration_seconds',
  'mcp_session_oldest_idle_seconds mcp_session_idle_timeout_seconds mcp_transport_connections',
  'mcp_child_up mcp_child_processes mcp_child_processes_expected mcp_child_restarts_total mcp_child_resident_memory_bytes',
  'mcp_child_cpu_seconds_total mcp_child_open_fds mcp_child_stderr_lines_total mcp_child_stdout_noise_lines_total mcp_child_spawn_duration_seconds',
  'mcp_container_memory_working_set_bytes mcp_container_memory_limit_bytes mcp_container_cpu_usage_seconds_total',
  'mcp_container_cpu_throttled_seconds_total mcp_container_cpu_limit_cores mcp_container_oom_kills_total',
  'mcp_ready mcp_wrapper_build_info process_cpu_seconds_total nodejs_eventloop_lag_seconds',
].flatMap((line) => line.split(' '));

describe('/metrics', () => {
  it('has every family, in the text format of Prometheus', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const response = await fetch(`${hearth.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; (?=.*version=0\.0\.4)/);
    const body = await response.text();
    expect(NAMES.filter((name) => !body.includes(`# TYPE ${name} `))).toEqual([]);
    expect(body).not.toMatch(/nodejs_active_\w+_total/); // names that promtool refuses
    expect(body).not.toContain('server="');
    expect(await metric(hearth.url, 'mcp_child_up')).toBe(1);
    expect(await metric(hearth.url, 'mcp_child_processes')).toBe(1);
    expect(await metric(hearth.url, 'mcp_child_processes_expected')).toBe(1);
    expect(await metric(hearth.url, 'mcp_child_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(await metric(hearth.url, 'mcp_child_open_fds')).toBeGreaterThan(2);
    expect(await metric(hearth.url, 'mcp_tools')).toBeGreaterThan(10);
    expect(await metric(hearth.url, 'mcp_child_stderr_lines_total')).toBe(1);
  });

  it('lets counters begin at 0 where their labels are known', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const body = await text(hearth.url);
    for (const series of [
      'mcp_tool_calls_total{tool="echo",outcome="rpc_error"}',
      'mcp_sessions_opened_total{transport="sse"}',
      'mcp_sessions_closed_total{reason="too_slow"}',
      'mcp_child_restarts_total{reason="exit"}',
      'mcp_messages_total{direction="in"}',
      'mcp_messages_dropped_total{reason="unknown_response_id"}',
      'mcp_requests_rejected_total{reason="host_or_origin"}',
      'mcp_child_stdout_noise_lines_total',
      'mcp_transport_connections{transport="get"}',
      'mcp_requests_in_flight',
    ]) {
      expect(body).toContain(`\n${series} 0\n`);
    }
  });

  it('takes no label value from clients', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await client.call(1, 'hostile"tool\n', {});
    await client.request(2, 'hostile/method', {});
    await client.request(3, 'tools/call', {});
    await fetch(`${hearth.url}/hostile/path`);
    await fetch(`${hearth.url}/servers/hostile-server/mcp`);
    await using socket = new RawSocket(hearth.url).read();
    socket.write('PROPFIND /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => socket.status === 405);
    const body = await text(hearth.url);
    expect(body).not.toContain('hostile');
    expect(body).not.toContain('PROPFIND');
    expect(body).not.toContain(client.session);
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'tool="_other"')).toBe(2);
    expect(await metric(hearth.url, 'mcp_requests_total', 'method="_other"')).toBe(1);
    expect(await metric(hearth.url, 'http_requests_total', 'route="_other",status="404"')).toBe(1);
    expect(await metric(hearth.url, 'http_requests_total', 'method="_other",route="/mcp",status="405"')).toBe(1);
    expect(await metric(hearth.url, 'http_requests_total', 'route="/servers/{name}",status="404"')).toBe(1);
  });

  it('counts calls by tool and outcome, messages by direction, and no stream as a slow request', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const measured = await metric(hearth.url, 'http_request_duration_seconds_count', 'method="POST",route="/mcp"');
    await client.call(1, 'echo', { text: 'a' });
    await client.call(2, 'fail');
    await client.call(3, 'error', { code: -32050 });
    await client.call(4, 'progress', {});
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'tool="echo",outcome="ok"')).toBe(1);
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'tool="fail",outcome="tool_error"')).toBe(1);
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'tool="error",outcome="rpc_error"')).toBe(1);
    expect(await metric(hearth.url, 'mcp_rpc_errors_total', 'code="-32050"')).toBe(1);
    expect(await metric(hearth.url, 'mcp_tool_duration_seconds_count', 'tool="echo"')).toBe(1);
    expect(await metric(hearth.url, 'mcp_messages_total', 'direction="in"')).toBe(6);
    expect(await metric(hearth.url, 'mcp_messages_total', 'direction="out"')).toBe(5);
    const [before] = [await metric(hearth.url, 'http_requests_total', 'method="POST",route="/mcp",status="200"')];
    expect(before).toBe(5);
    const gone = new AbortController();
    const stream = await client.post(
      { jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 5_000 } } },
      {},
      gone.signal,
    );
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    gone.abort();
    await until(async () => (await metric(hearth.url, 'http_requests_total', 'method="POST",route="/mcp",status="200"')) === before + 1);
    expect(await metric(hearth.url, 'http_request_duration_seconds_count', 'method="POST",route="/mcp"')).toBe(measured + 4);
  });

  it('counts a client that leaves before its answer as 499', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() }, http: { streamAfter: 60_000 } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const gone = new AbortController();
    const call = { jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 5_000 } } };
    const pending = client.post(call, {}, gone.signal);
    await until(async () => (await metric(hearth.url, 'mcp_requests_in_flight')) === 1);
    gone.abort();
    await expect(pending).rejects.toThrow();
    await until(async () => (await metric(hearth.url, 'http_requests_total', 'status="499"')) === 1);
  });

  it('in a hub names the server', async () => {
    await using hub = await startApp({ servers: { one: fixture(), two: fixture() } });
    await untilReady(hub.url);
    const client = new RawHttp(`${hub.url}/mcp`);
    await client.open();
    expect(await client.call(1, 'two__echo', { text: 'b' })).toBe('b');
    expect(await metric(hub.url, 'mcp_tool_calls_total', 'server="two",tool="echo",outcome="ok"')).toBe(1);
    expect(await metric(hub.url, 'mcp_child_up', 'server="one"')).toBe(1);
  });

  it('goes on counting CPU time when a child ends, and counts none twice', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture('', { policy: 'per-session' }) } });
    await untilReady(hearth.url);
    const [busy, brief] = [new RawHttp(`${hearth.url}/mcp`), new RawHttp(`${hearth.url}/mcp`)];
    await Promise.all([busy.open(), brief.open()]);
    await busy.call(1, 'block', { ms: 1_000 });
    const before = await metric(hearth.url, 'mcp_child_cpu_seconds_total');
    expect(before).toBeGreaterThan(0);
    await brief.close();
    await until(async () => (await metric(hearth.url, 'mcp_child_processes')) === 1);
    expect(await metric(hearth.url, 'mcp_child_cpu_seconds_total')).toBeLessThan(before * 1.5);
    await busy.call(2, 'block', { ms: 300 });
    await until(async () => (await metric(hearth.url, 'mcp_child_cpu_seconds_total')) > before);
  });

  it('keeps series of the listed tools only, and of 1,000 at most', async () => {
    const metrics = new Metrics('0');
    const server = new ServerMetricFamilies(metrics, false).of('one');
    const toolsOf = async (): Promise<unknown[]> => {
      const { values } = await (metrics.registry.getSingleMetric('mcp_tool_calls_total') as Counter).get();
      return [...new Set(values.map(({ labels }) => labels.tool))];
    };
    for (let round = 0; round < 3; round++) {
      server.setTools(['kept', `made-up-${round}`]);
      server.requestStarted();
      server.requestEnded('tools/call', `made-up-${round}`, 'ok', 1);
    }
    expect(await toolsOf()).toEqual(['_other', 'kept', 'made-up-2']);
    expect(await metrics.registry.metrics()).not.toContain('made-up-1');
    server.setTools(Array.from({ length: 5_000 }, (_, index) => `tool-${index}`));
    expect(await toolsOf()).toHaveLength(1_001);
  });

  it('has readings of the container as far as there are any', async () => {
    const metrics = new Metrics('0');
    const container = new ContainerMetrics(metrics);
    const samples = async (): Promise<string[]> => (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('mcp_container_'));
    container.set(undefined);
    expect(await samples()).toEqual([]);
    const limits = { memoryLimitBytes: 200, cpuLimitCores: 0.5 };
    container.set({ workingSetBytes: 100, cpuSeconds: 3, throttledSeconds: 1, oomKills: 0, ...limits });
    container.set({ workingSetBytes: 90, cpuSeconds: 5, throttledSeconds: 1.5, oomKills: 1, ...limits });
    expect(await samples()).toEqual([
      'mcp_container_memory_working_set_bytes 90',
      'mcp_container_memory_limit_bytes 200',
      'mcp_container_cpu_limit_cores 0.5',
      'mcp_container_cpu_usage_seconds_total 5',
      'mcp_container_cpu_throttled_seconds_total 1.5',
      'mcp_container_oom_kills_total 1',
    ]);
    container.set({ workingSetBytes: 90, memoryLimitBytes: undefined, cpuLimitCores: undefined, cpuSeconds: 4, throttledSeconds: 1.5, oomKills: 1 });
    expect(await samples()).toEqual([
      'mcp_container_memory_working_set_bytes 90',
      'mcp_container_cpu_usage_seconds_total 5',
      'mcp_container_cpu_throttled_seconds_total 1.5',
      'mcp_container_oom_kills_total 1',
    ]);
  });

  it('says whether hearth is ready, and counts codes that a server makes up together', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    expect(await metric(hearth.url, 'mcp_ready')).toBe(1);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    for (const code of [-32603, -32000, 7, -31999, 1.5]) await client.call(1, 'error', { code });
    expect(await metric(hearth.url, 'mcp_rpc_errors_total', 'code="_other"')).toBe(3);
    expect(await metric(hearth.url, 'mcp_rpc_errors_total', 'code="-32603"')).toBe(1);
    await using broken = await startApp({ servers: { fixture: fixture('exit-at-start') } });
    expect(await metric(broken.url, 'mcp_ready')).toBe(0);
  });

  it('counts restarts by reason', async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    await client.call(1, 'die');
    expect(await metric(hearth.url, 'mcp_child_restarts_total', 'reason="exit"')).toBe(1);
  });
});
