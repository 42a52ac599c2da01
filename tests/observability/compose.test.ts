import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { verifies } from '../acceptance/requirements.js';
import { allowed, overlay } from '../support/observability-compose.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { services, volumes } = overlay();
const parts = Object.entries(services).filter(([, { image }]) => image !== undefined);

describe('the compose overlay', () => {
  it('has Prometheus, Alertmanager, Loki, Alloy or Promtail, Grafana and a socket proxy', () => {
    expect(parts.map(([name]) => name).sort()).toEqual(['alertmanager', 'alloy', 'docker-proxy', 'grafana', 'loki', 'prometheus', 'promtail']);
  });

  it.each(parts)('%s is limited, read-only, pinned, published on loopback only, and asked how it is', (name, part) => {
    expect(part).toMatchObject({ read_only: true, mem_limit: expect.any(String), cpus: expect.any(Number) });
    expect(part.image).toMatch(/:-[\w./-]+:v?\d+\.\d+\.\d+\}$/);
    for (const port of part.ports ?? []) expect(port).toMatch(/^\$\{OBSERVABILITY_BIND:-127\.0\.0\.1\}:/);
    // Loki's image has no program that could ask; Prometheus does.
    if (name !== 'loki') expect(part.healthcheck?.test.length).toBeGreaterThan(1);
    for (const volume of part.volumes ?? []) {
      const [source = ''] = volume.split(':/');
      if (/^\w+$/.test(source)) expect(Object.keys(volumes)).toContain(source);
      else expect(volume).toMatch(/:ro$/);
    }
  });

  it('shows the Docker socket to the proxy alone', () => {
    const seen = Object.entries(services).filter(([, { volumes: own = [] }]) => own.some((volume) => volume.includes('docker.sock')));
    expect(seen.map(([name]) => name)).toEqual(['docker-proxy']);
  });

  it.each([
    ['GET', '/_ping', true],
    ['HEAD', '/_ping', true],
    ['GET', '/v1.42/containers/json', true],
    ['GET', '/networks', true],
    ['GET', '/v1.42/containers/hearth-mcp-memory-1/logs', true],
    ['GET', '/v1.42/containers/0f3a/json', true],
    ['GET', '/v1.42/containers/0f3a/stats', true],
    ['GET', '/v1.42/containers/0f3a/export', false],
    ['GET', '/v1.42/containers/0f3a/archive', false],
    ['GET', '/v1.42/containers/0f3a/attach/ws', false],
    ['GET', '/v1.42/containers/../secrets/json', false],
    ['GET', '/v1.42/secrets', false],
    ['GET', '/v1.42/events', false],
    ['GET', '/v1.42/images/x/json', false],
    ['POST', '/v1.42/containers/create', false],
    ['POST', '/v1.42/containers/0f3a/exec', false],
    ['DELETE', '/v1.42/containers/0f3a', false],
    ['PUT', '/v1.42/containers/0f3a/archive', false],
  ])('%s %s through the proxy: %s', (method, path, isAllowed) => {
    expect(allowed(method).test(path)).toBe(isAllowed);
  });
});

describe('Promtail and Alloy', () => {
  const alloy = readFileSync(`${ROOT}/promtail/config.alloy`, 'utf8');
  interface Match {
    readonly match: { readonly selector: string; readonly stages?: ReadonlyArray<Record<string, Record<string, unknown>>> };
  }
  const { scrape_configs: jobs } = parse(readFileSync(`${ROOT}/promtail/promtail.yml`, 'utf8')) as {
    scrape_configs: Array<{
      docker_sd_configs: Array<{ filters: unknown }>;
      relabel_configs: Array<{ source_labels: string[]; target_label: string; regex?: string }>;
      pipeline_stages: Match[];
    }>;
  };
  const [job] = jobs;

  it('take the same containers, by a label that is written out', () => {
    expect(job?.docker_sd_configs[0]?.filters).toEqual([{ name: 'label', values: ['com.mcp.type'] }]);
    expect(alloy).toMatch(/filter \{\s+name\s+= "label"\s+values = \["com\.mcp\.type"\]/);
  });

  it(verifies(['O.dashboards'], 'make the same labels from the same sources'), () => {
    const ofAlloy = [...alloy.matchAll(/rule \{([^}]*)\}/g)]
      .map(([, body = '']) => ({ from: /source_labels = \["([^"]+)"\]/.exec(body)?.[1], to: /target_label\s+= "([^"]+)"/.exec(body)?.[1] }))
      .filter(({ to }) => to !== undefined);
    expect(ofAlloy).toEqual(job?.relabel_configs.map(({ source_labels: [from], target_label: to }) => ({ from, to })));
  });

  it('read the same fields, and make a label of the level alone', () => {
    const stages = job?.pipeline_stages.at(-1)?.match.stages ?? [];
    const stage = (name: string): Record<string, unknown> => stages.find((own) => name in own)?.[name] ?? {};
    const block = (name: string): string => new RegExp(`stage\\.${name} \\{([^]*?)\\n    \\}`).exec(alloy)?.[1] ?? '';
    const keys = (text: string): string[] => [...text.matchAll(/^\s{8}(\w+)\s+= /gm)].map(([, key]) => key as string);
    expect(keys(block('json'))).toEqual(Object.keys(stage('json').expressions as object));
    expect(keys(block('structured_metadata'))).toEqual(Object.keys(stage('structured_metadata')));
    expect(Object.keys(stage('labels'))).toEqual(['level']);
    expect(block('labels')).toContain('values = { level = "" }');
  });
});
