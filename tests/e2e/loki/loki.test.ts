import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Program } from '../../../scripts/lib/observatory/programs.js';
import { queriesOf } from '../../../scripts/lib/observatory/queries.js';
import { until } from '../../support/app.js';
import { RawHttp } from '../../support/raw-client.js';
import { TempFolder } from '../../support/temp.js';
import { Containers, hasDocker } from './containers.js';
import { DockerGate } from './docker-gate.js';
import { findLogs, startLoki, startPromtail } from './programs.js';

const PROGRAMS = process.env.HEARTH_LOKI;
const isPossible = PROGRAMS !== undefined && PROGRAMS !== '' && (await hasDocker());

if (!PROGRAMS) it.skip('needs HEARTH_LOKI, the folder of a built Loki and Promtail: see scripts/loki.ts', () => {});
else if (!isPossible) it.skip('needs a Docker daemon whose containers Promtail can read', () => {});

const LABELS = { 'com.mcp.type': 'memory', 'com.mcp.tools': '12', 'com.docker.compose.service': 'mcp-memory' };

describe.skipIf(!isPossible)('a real Loki and Promtail on real containers', { timeout: 120_000 }, () => {
  const folder = new TempFolder();
  const containers = new Containers();
  const programs: Program[] = [];
  let loki: string;
  let gate: DockerGate;

  beforeAll(async () => {
    const started = await startLoki(PROGRAMS as string, folder.path);
    programs.push(started);
    loki = started.url;
    const wrapper = await containers.startWrapper('labelled', LABELS);
    await containers.startWrapper('bare', {});
    gate = await DockerGate.start();
    programs.push(await startPromtail(PROGRAMS as string, folder.path, loki, gate.url, containers.run));
    // Docker takes connections before anybody listens.
    await until(async () => (await fetch(`${wrapper}/health/ready`).catch(() => undefined))?.ok === true, 60_000);
    const client = new RawHttp(`${wrapper}/mcp`);
    await client.open();
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'error', arguments: {} } };
    await (await client.post(call, { 'x-correlation-id': 'find-me-7' })).text();
    await until(async () => (await findLogs(loki, '{mcp_type="memory"} | correlation_id="find-me-7"')).length > 0, 60_000);
  }, 200_000);

  afterAll(async () => {
    for (const program of programs.reverse()) await program.stop();
    await gate?.[Symbol.asyncDispose]();
    await containers[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it('show type, tool count and service of labelled containers, and nothing of others', async () => {
    const streams = await findLogs(loki, '{container=~".+"}');
    expect(streams.length).toBeGreaterThan(0);
    for (const { stream } of streams) {
      expect(stream).toMatchObject({
        mcp_type: 'memory',
        tool_count: '12',
        mcp_service: 'mcp-memory',
        container: expect.stringMatching(/^labelled-/),
      });
    }
    const names = (await (await fetch(`${loki}/loki/api/v1/label/container/values`)).json()) as { data: string[] };
    expect(names.data).toEqual([expect.stringMatching(/^labelled-/)]);
  });

  it('need no more of Docker than the socket proxy lets pass', () => {
    expect(gate.refused).toEqual([]);
  });

  it('find a record by its correlation id, which is no label', async () => {
    const [found] = await findLogs(loki, '{mcp_service="mcp-memory"} | correlation_id="find-me-7"');
    expect(JSON.parse(found?.values[0]?.[1] ?? '')).toMatchObject({ event: 'request', tool: 'error', correlationId: 'find-me-7' });
    const { data } = (await (await fetch(`${loki}/loki/api/v1/labels`)).json()) as { data: string[] };
    expect(data.sort()).toEqual(['container', 'level', 'mcp_service', 'mcp_type', 'service_name', 'stream', 'tool_count']);
  });

  it('keep the level as a label and the time of the record', async () => {
    const warned = await findLogs(loki, '{mcp_type="memory", level="warn"}');
    const lines = warned.flatMap(({ values }) => values);
    expect(lines.length).toBeGreaterThan(0);
    for (const [nanoseconds, line] of lines) {
      const written = Date.parse((JSON.parse(line) as { timestamp: string }).timestamp);
      expect(Math.round(Number(nanoseconds) / 1e6)).toBe(written);
    }
  });

  it.each(queriesOf('loki', 3600).map((query) => [query.panel, query.expr]))('give the panel "%s" its data', async (_panel, expr) => {
    expect(await findLogs(loki, expr)).not.toEqual([]);
  });

  it("have the ruler's alerts", async () => {
    const { data } = (await (await fetch(`${loki}/prometheus/api/v1/rules`)).json()) as {
      data: { groups: Array<{ rules: Array<{ name: string }> }> };
    };
    expect(data.groups.flatMap(({ rules }) => rules.map(({ name }) => name))).toEqual([
      'ErrorLogs',
      'InternalError',
      'ServerGivenUp',
      'AuthFailures',
    ]);
  });
});
