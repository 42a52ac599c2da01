import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { freePort } from '../../../scripts/lib/free-port.js';
import { Program } from '../../../scripts/lib/observatory/programs.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

interface LokiConfig {
  server: { http_listen_port: number; grpc_listen_port: number };
  common: { path_prefix: string; storage: { filesystem: { chunks_directory: string; rules_directory: string } } };
  compactor: { working_directory: string };
  ruler: { rule_path: string; storage: { local: { directory: string } } };
}

interface PromtailConfig {
  server: { http_listen_port: number; http_listen_address?: string };
  positions: { filename: string };
  clients: Array<{ url: string }>;
  scrape_configs: Array<{ docker_sd_configs: Array<{ host: string; refresh_interval: string; filters: Array<{ values: string[] }> }> }>;
}

const read = <T>(path: string): T => parse(readFileSync(join(ROOT, path), 'utf8')) as T;

/** The project's Loki with folders and ports of its own. @param programs folder with the program */
export async function startLoki(programs: string, folder: string): Promise<Program> {
  const config = read<LokiConfig>('config/loki/loki.yml');
  const [http, grpc] = [await freePort(), await freePort()];
  const data = join(folder, 'loki');
  mkdirSync(data);
  const own = {
    ...config,
    server: { ...config.server, http_listen_address: '127.0.0.1', http_listen_port: http, grpc_listen_address: '127.0.0.1', grpc_listen_port: grpc },
    common: { ...config.common, path_prefix: data, storage: { filesystem: { chunks_directory: join(data, 'chunks') } } },
    compactor: { ...config.compactor, working_directory: join(data, 'compactor') },
    ruler: {
      ...config.ruler,
      rule_path: join(data, 'rules-temp'),
      storage: { type: 'local', local: { directory: join(ROOT, 'config/loki/rules') } },
    },
  };
  writeFileSync(join(folder, 'loki.yml'), stringify(own));
  const args = [`-config.file=${join(folder, 'loki.yml')}`];
  return Program.start(join(programs, 'loki'), args, `http://127.0.0.1:${http}`, '/ready', join(folder, 'loki.log'), 90_000);
}

/** The project's Promtail. @param docker address of the daemon @param only label that containers must have too */
export async function startPromtail(programs: string, folder: string, loki: string, docker: string, only: string): Promise<Program> {
  const config = read<PromtailConfig>('promtail/promtail.yml');
  const port = await freePort();
  const own = {
    ...config,
    server: { ...config.server, http_listen_address: '127.0.0.1', http_listen_port: port },
    positions: { filename: join(folder, 'positions.yaml') },
    clients: [{ url: `${loki}/loki/api/v1/push` }],
    scrape_configs: config.scrape_configs.map((job) => ({
      ...job,
      docker_sd_configs: job.docker_sd_configs.map((sd) => ({
        ...sd,
        host: docker,
        refresh_interval: '1s',
        filters: sd.filters.map((filter) => ({ ...filter, values: [...filter.values, only] })),
      })),
    })),
  };
  writeFileSync(join(folder, 'promtail.yml'), stringify(own));
  const args = [`-config.file=${join(folder, 'promtail.yml')}`];
  // Ready is when there is something to read, which the test waits for anyway.
  return Program.start(join(programs, 'promtail'), args, `http://127.0.0.1:${port}`, '/metrics', join(folder, 'promtail.log'));
}

export interface Stream {
  readonly stream: Readonly<Record<string, string>>;
  readonly values: ReadonlyArray<readonly [nanoseconds: string, line: string]>;
}

/** The streams that a LogQL query finds in the last hour. */
export async function findLogs(loki: string, query: string): Promise<Stream[]> {
  const params = new URLSearchParams({ query, start: String((Date.now() - 3_600_000) * 1e6), limit: '1000' });
  const response = await fetch(`${loki}/loki/api/v1/query_range?${params}`);
  if (!response.ok) throw new Error(`${query}: ${await response.text()}`);
  return ((await response.json()) as { data: { result: Stream[] } }).data.result;
}
