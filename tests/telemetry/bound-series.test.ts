import { describe, expect, it } from 'vitest';
import { HttpMetrics } from '../../src/telemetry/http-metrics.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { ServerMetricFamilies } from '../../src/telemetry/server-metrics.js';

const linesOf = async (metrics: Metrics, name: string): Promise<string[]> =>
  (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(name));

describe('bound series', () => {
  it('add up to what unbound ones have counted, once each', async () => {
    const metrics = new Metrics('0.0.0-test');
    const counter = metrics.counter('bench_total', 'Of a test', ['kind']);
    const bound = counter.bind({ kind: 'a' });
    expect(await linesOf(metrics, 'bench_total')).toEqual([]);
    bound.inc();
    bound.inc(2);
    counter.inc({ kind: 'a' });
    expect(await linesOf(metrics, 'bench_total')).toEqual(['bench_total{kind="a"} 4']);
    expect(await linesOf(metrics, 'bench_total')).toEqual(['bench_total{kind="a"} 4']);
    bound.inc();
    expect(await linesOf(metrics, 'bench_total')).toEqual(['bench_total{kind="a"} 5']);
  });

  it('put values into the buckets that Prometheus expects', async () => {
    const metrics = new Metrics('0.0.0-test');
    const histogram = metrics.histogram('bench_seconds', 'Of a test', ['kind'], [1, 2]);
    for (const value of [0.5, 1, 1.5, 9]) histogram.observe({ kind: 'a' }, value);
    histogram.bind({ kind: 'a' }).observe(2);
    expect(await linesOf(metrics, 'bench_seconds')).toEqual([
      'bench_seconds_bucket{le="1",kind="a"} 2',
      'bench_seconds_bucket{le="2",kind="a"} 4',
      'bench_seconds_bucket{le="+Inf",kind="a"} 5',
      'bench_seconds_sum{kind="a"} 14',
      'bench_seconds_count{kind="a"} 5',
    ]);
    histogram.reset();
    expect(await linesOf(metrics, 'bench_seconds')).toEqual([]);
  });

  it('show a histogram without labels before its first value', async () => {
    const metrics = new Metrics('0.0.0-test');
    expect(await linesOf(metrics, 'mcp_session_duration_seconds_count')).toEqual(['mcp_session_duration_seconds_count 0']);
  });

  it('count requests by method, route and status, and streams without their time', async () => {
    const metrics = new Metrics('0.0.0-test');
    const http = new HttpMetrics(metrics);
    for (let started = 0; started < 4; started++) http.started();
    http.ended('POST', '/mcp', 200, 0.001);
    http.ended('POST', '/mcp', 200, 0.3);
    http.ended('GET', '/mcp', 200, undefined);
    expect(await linesOf(metrics, 'http_requests_total')).toEqual([
      'http_requests_total{method="POST",route="/mcp",status="200"} 2',
      'http_requests_total{method="GET",route="/mcp",status="200"} 1',
    ]);
    expect(await linesOf(metrics, 'http_request_duration_seconds_count')).toContain(
      'http_request_duration_seconds_count{method="POST",route="/mcp"} 2',
    );
    expect(await linesOf(metrics, 'http_requests_in_flight')).toEqual(['http_requests_in_flight 1']);
  });

  it('count outcomes of a server under names that are known, and others together', async () => {
    const metrics = new Metrics('0.0.0-test');
    const server = new ServerMetricFamilies(metrics, true).of('one');
    server.setTools(['echo']);
    server.requestStarted();
    server.requestEnded('tools/call', 'echo', 'ok', 0.01);
    server.requestStarted();
    server.requestEnded('tools/call', 'made-up', 'rpc_error', 0.01, -32000);
    server.requestStarted();
    const calls = await linesOf(metrics, 'mcp_tool_calls_total');
    expect(calls).toContain('mcp_tool_calls_total{server="one",tool="echo",outcome="ok"} 1');
    expect(calls).toContain('mcp_tool_calls_total{server="one",tool="_other",outcome="rpc_error"} 1');
    expect(await linesOf(metrics, 'mcp_rpc_errors_total')).toEqual(['mcp_rpc_errors_total{server="one",code="-32000"} 1']);
    expect(await linesOf(metrics, 'mcp_requests_in_flight')).toEqual(['mcp_requests_in_flight{server="one"} 1']);
    server.setTools([]);
    expect((await linesOf(metrics, 'mcp_tool_')).filter((line) => line.includes('echo'))).toEqual([]);
  });
});
