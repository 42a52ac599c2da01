import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { standardServices } from '../../src/config/embedded.js';
import { readService } from '../../src/config/services.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface ComposeService {
  readonly ports: readonly string[];
  readonly mem_limit: string;
  readonly cpus: number;
  readonly build: { readonly target: string };
  readonly environment: Readonly<Record<string, string>>;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
}

const { services } = parse(read('compose/compose.yaml'), { merge: true }) as { services: Record<string, ComposeService> };
const dockerfile = read('Dockerfile');

describe('images and compose file say the same as service.yaml', () => {
  it.each(standardServices())('%s', (name) => {
    const { container, env } = readService(name);
    const service = services[`mcp-${name}`];
    expect(service).toMatchObject({
      mem_limit: container?.memory,
      cpus: container?.cpus,
      read_only: true,
      cap_drop: ['ALL'],
      build: { target: name },
    });
    expect(service?.ports).toEqual([`\${HEARTH_BIND:-127.0.0.1}:${container?.port}:8080`]);
    const own = Object.keys(service?.environment ?? {}).filter((variable) => !variable.startsWith('HEARTH_ALLOWED'));
    expect(own.map((variable) => variable.replace(/_FILE$/, '')).filter((variable) => !(variable in env))).toEqual([]);
    const [, stage = ''] = new RegExp(`\nFROM \\w+ AS ${name}\n((?:(?!FROM ).*\n)*)`).exec(dockerfile) ?? [];
    expect(stage).toContain(`com.mcp.service=${name} com.mcp.type=${container?.type} com.mcp.tools=\${TOOLS}`);
    expect(stage).toContain(`HEARTH_SERVICE=${name} HEARTH_ALLOWED_HOSTS=mcp-${name}`);
  });

  it('the hub knows all of them', () => {
    const { servers } = parse(read('config/containers.yaml')) as { servers: Record<string, { url: string }> };
    expect(Object.entries(servers).map(([name, { url }]) => [name, url])).toEqual(
      standardServices().map((name) => [name, `http://mcp-${name}:8080/mcp`]),
    );
  });
});
