// How much a gateway adds to a tool call that goes through a real LiteLLM: hearth over both transports, supergateway,
// and as the floor the reference server's own SSE and Streamable HTTP endpoints, in one run with interleaved rounds.
// Needs HEARTH_LITELLM (see scripts/litellm.ts). Writes docs/litellm-benchmark.md.  npm run bench:litellm [-- CALLS]
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { freePort } from './lib/free-port.ts';
import { HearthProcess, metricOf } from './lib/hearth.ts';

const CALLS = Number(process.argv[2] ?? 200);
const PARALLEL = 16;
const ROUNDS = 3;
const KEY = 'sk-hearth-bench';
const SUPERGATEWAY = '4.0.0';
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EVERYTHING = join(ROOT, 'node_modules', '.bin', 'mcp-server-everything');
const litellm = process.env.HEARTH_LITELLM;
if (!litellm) throw new Error('HEARTH_LITELLM is not set: HEARTH_LITELLM=$(node_modules/.bin/node scripts/litellm.ts) npm run bench:litellm');

interface Contestant {
  readonly name: string;
  readonly key: string;
  readonly url: string;
  readonly transport: 'sse' | 'http';
}

interface Round {
  readonly ms: readonly number[];
  readonly wrong: number;
  readonly seconds: number;
}

const folder = mkdtempSync(join(tmpdir(), 'hearth-bench-'));
const started: ChildProcess[] = [];
const hearth = await HearthProcess.start({ servers: { everything: { command: EVERYTHING } } }, folder);
try {
  const contestants = await startAll();
  const proxy = await startLitellm(contestants);
  const rounds = new Map<string, Round[]>(contestants.map(({ key }) => [key, []]));
  for (const contestant of contestants) await run(proxy, contestant, 10, 1); // not measured
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of contestants) {
      const result = await run(proxy, contestant, CALLS, PARALLEL);
      rounds.get(contestant.key)?.push(result);
      console.log(`round ${round + 1}, ${contestant.name}: p50 ${at(result.ms, 0.5)} ms, p95 ${at(result.ms, 0.95)} ms, ${result.wrong} wrong`);
    }
  }
  const metrics = await (await fetch(`${hearth.url}/metrics`)).text();
  report(contestants, rounds, metricOf(metrics, 'mcp_server_restarts_total'));
} finally {
  for (const child of started) child.kill('SIGKILL');
  await hearth.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function startAll(): Promise<Contestant[]> {
  const [ssePort, httpPort, gatewayPort] = [await freePort(), await freePort(), await freePort()];
  start(process.execPath, [EVERYTHING, 'sse'], { PORT: String(ssePort) });
  start(process.execPath, [EVERYTHING, 'streamableHttp'], { PORT: String(httpPort) });
  const gateway = await supergateway();
  const command = `${process.execPath} ${EVERYTHING}`;
  start(process.execPath, [gateway, '--stdio', command, '--port', String(gatewayPort), '--logLevel', 'none'], {});
  const contestants: Contestant[] = [
    { name: 'floor: the server itself, SSE', key: 'floor_sse', url: `http://127.0.0.1:${ssePort}/sse`, transport: 'sse' },
    { name: 'hearth, SSE', key: 'hearth_sse', url: `${hearth.url}/sse`, transport: 'sse' },
    { name: `supergateway ${SUPERGATEWAY}, SSE`, key: 'supergateway_sse', url: `http://127.0.0.1:${gatewayPort}/sse`, transport: 'sse' },
    { name: 'floor: the server itself, HTTP', key: 'floor_http', url: `http://127.0.0.1:${httpPort}/mcp`, transport: 'http' },
    { name: 'hearth, HTTP', key: 'hearth_http', url: `${hearth.url}/mcp`, transport: 'http' },
  ];
  for (const { url } of contestants) await untilAnswers(url);
  return contestants;
}

/** Installed once into a cache of its own: it is no part of the package. */
async function supergateway(): Promise<string> {
  const cache = join(ROOT, '.cache', `supergateway-${SUPERGATEWAY}`);
  const program = join(cache, 'node_modules', 'supergateway', 'dist', 'index.js');
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), '{"private":true}');
  await execa('npm', ['install', '--ignore-scripts', '--no-audit', `supergateway@${SUPERGATEWAY}`], { cwd: cache });
  return program;
}

async function startLitellm(contestants: readonly Contestant[]): Promise<string> {
  const servers = Object.fromEntries(contestants.map(({ key, url, transport }) => [key, { url, transport, timeout: 20 }]));
  const file = join(folder, 'litellm.json');
  writeFileSync(file, JSON.stringify({ general_settings: { master_key: KEY }, mcp_servers: servers }));
  const port = await freePort();
  const args = ['--config', file, '--port', String(port), '--host', '127.0.0.1'];
  start(litellm as string, args, { LITELLM_LOCAL_MODEL_COST_MAP: 'True' });
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(`${url}/health/liveliness`);
  await fetch(`${url}/v1/mcp/tools`, { headers: { authorization: `Bearer ${KEY}` } }); // it learns of the tools
  return url;
}

async function run(proxy: string, { key }: Contestant, calls: number, parallel: number): Promise<Round> {
  const ms: number[] = [];
  let [next, wrong] = [0, 0];
  const startedAt = performance.now();
  const worker = async (): Promise<void> => {
    while (next < calls) {
      const message = `${key}-${next++}`;
      const before = performance.now();
      const text = await call(proxy, key, message).catch((error: unknown) => String(error));
      ms.push(performance.now() - before);
      if (text !== `Echo: ${message}`) wrong++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return { ms: ms.sort((a, b) => a - b), wrong, seconds: (performance.now() - startedAt) / 1000 };
}

async function call(proxy: string, server: string, message: string): Promise<string> {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ server_id: server, name: 'echo', arguments: { message } });
  const response = await fetch(`${proxy}/mcp-rest/tools/call`, { method: 'POST', headers, body, signal: AbortSignal.timeout(30_000) });
  const { content } = (await response.json()) as { content?: Array<{ text?: string }> };
  return content?.[0]?.text ?? `HTTP ${response.status}`;
}

function report(contestants: readonly Contestant[], rounds: ReadonlyMap<string, Round[]>, restarts: number): void {
  const rows = contestants.map(({ name, key, transport }) => {
    const own = rounds.get(key) ?? [];
    const floor = rounds.get(`floor_${transport}`) ?? [];
    const p = (all: readonly Round[], q: number): number => median(all.map(({ ms }) => at(ms, q)));
    const wrong = own.reduce((sum, round) => sum + round.wrong, 0);
    const perSecond = Math.round(CALLS / median(own.map(({ seconds }) => seconds)));
    return `| ${name} | ${p(own, 0.5)} | ${p(own, 0.95)} | ${p(own, 0.95) - p(floor, 0.95)} | ${perSecond} | ${wrong} of ${CALLS * ROUNDS} |`;
  });
  const text = [
    '# hearth behind LiteLLM: a benchmark',
    '',
    `Written by \`npm run bench:litellm\` on ${new Date().toISOString().slice(0, 10)}: the tool \`echo\` of server-everything, called through`,
    `the REST path of one LiteLLM proxy, ${CALLS} calls, ${PARALLEL} at a time, medians of ${ROUNDS} interleaved rounds. The floor is the same server`,
    'spoken to by LiteLLM without anything between. LiteLLM opens a session for every call.',
    '',
    '| contestant | p50 ms | p95 ms | p95 above the floor, ms | calls/s | wrong or failed |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    `Restarts of hearth's child during the run: ${restarts}.`,
    '',
  ].join('\n');
  writeFileSync(join(ROOT, 'docs', 'litellm-benchmark.md'), text);
  console.log(`\n${text}`);
}

function start(command: string, args: readonly string[], env: Record<string, string>): void {
  started.push(spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } }));
}

/** Whatever it answers: some want a POST. */
async function untilAnswers(url: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const abort = new AbortController();
    const response = await fetch(url, { signal: abort.signal }).catch(() => undefined);
    abort.abort();
    if (response) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer`);
}

function at(sorted: readonly number[], quantile: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
