import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../scripts/lib/free-port.js';
import { until } from '../../support/app.js';
import { TempFolder } from '../../support/temp.js';

export const MONITORING = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'dist', 'wrappers', 'monitoring', 'main.js');

export interface StandIn extends AsyncDisposable {
  readonly url: string;
  /** Path and query of what was asked, in order. */
  readonly asked: URL[];
  /** The Authorization headers that came with it. */
  readonly authorizations: Array<string | undefined>;
}

export interface Said {
  readonly status?: number;
  readonly body: string | Buffer;
  /** Before the answer. */
  readonly delayMs?: number;
  readonly headers?: Record<string, string>;
}

/** A small HTTP server that speaks somebody else's API: only its shapes, none of its behaviour. */
export async function standIn(answer: (url: URL, request: IncomingMessage) => Said | undefined): Promise<StandIn> {
  const asked: URL[] = [];
  const authorizations: Array<string | undefined> = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    asked.push(url);
    authorizations.push(request.headers.authorization);
    const said = request.method === 'GET' ? answer(url, request) : undefined;
    const { status = 200, body, delayMs = 0, headers } = said ?? { status: 404, body: '{"message":"page not found"}' };
    setTimeout(() => response.writeHead(status, headers).end(body), delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    authorizations,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As Docker frames the output of a container without a terminal. */
export function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

function find(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
}

const PROMETHEUS = find('prometheus');
const ALERTMANAGER = find('prometheus-alertmanager', 'alertmanager');

/** Why tests with real ones are skipped; empty when they are not. */
export const noPrometheus =
  PROMETHEUS === undefined || ALERTMANAGER === undefined ? ' (skipped: not installed; apt-get install prometheus prometheus-alertmanager)' : '';

export interface RealPair extends AsyncDisposable {
  readonly prometheus: string;
  readonly alertmanager: string;
}

/** A real Prometheus that scrapes `target` and tells a real Alertmanager of one alert that always fires. */
export async function prometheusAndAlertmanager(target: string): Promise<RealPair> {
  const folder = new TempFolder();
  const [prometheus, alertmanager] = [await freePort(), await freePort()];
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const rule = { alert: 'AlwaysFires', expr: 'vector(1)', labels: { severity: 'info' }, annotations: { summary: 'a test' } };
  const rules = file('rules.yml', JSON.stringify({ groups: [{ name: 'test', interval: '1s', rules: [rule] }] }));
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanager}`] }] }] },
    scrape_configs: [
      { job_name: 'mcp', static_configs: [{ targets: [target] }] },
      { job_name: 'gone', static_configs: [{ targets: ['127.0.0.1:1'] }] },
    ],
  };
  const receivers = { route: { receiver: 'none' }, receivers: [{ name: 'none' }] };
  const processes = [
    run(ALERTMANAGER, [
      `--config.file=${file('am.yml', JSON.stringify(receivers))}`,
      `--storage.path=${join(folder.path, 'am')}`,
      `--web.listen-address=127.0.0.1:${alertmanager}`,
      '--cluster.listen-address=',
    ]),
    run(PROMETHEUS, [
      `--config.file=${file('prom.yml', JSON.stringify(config))}`,
      `--storage.tsdb.path=${join(folder.path, 'prom')}`,
      `--web.listen-address=127.0.0.1:${prometheus}`,
      // What was raised before it knew of Alertmanager is sent again after this, in place of a minute.
      '--rules.alert.resend-delay=1s',
    ]),
  ];
  const pair = {
    prometheus: `http://127.0.0.1:${prometheus}`,
    alertmanager: `http://127.0.0.1:${alertmanager}`,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(processes.map(end));
      folder[Symbol.dispose]();
    },
  };
  try {
    for (const url of [pair.prometheus, pair.alertmanager]) await until(() => isReady(url), 20_000);
    return pair;
  } catch (error) {
    await pair[Symbol.asyncDispose]();
    throw error;
  }
}

function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

function run(file: string | undefined, args: string[]): ChildProcess {
  return spawn(file ?? '', args, { stdio: 'ignore' });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
