// Opens and ends many sessions against a hearth of its own and counts what is left: children, descriptors, sessions and
// heap. A third of them ends in order, a third vanishes, and a third stays connected but never answers again, so that
// only the idle limit can free it. Usage: node scripts/census.ts [--sessions 10000]; exit code 1 when something leaks.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Sessions that are opened and used at the same time, beside the half-open ones. */
const AT_ONCE = 32;
const SESSION_TIMEOUT_MS = 2_000;
/** A leak grows with the sessions; what the runtime itself keeps does not. */
const HEAP_MARGIN_BYTES = 3e6;
const FD_MARGIN = 5;

type End = 'clean' | 'dropped' | 'half-open';
const ENDS: readonly End[] = ['clean', 'dropped', 'half-open'];
type Census = Readonly<Record<'children' | 'childDescriptors' | 'descriptors' | 'sessions' | 'streams' | 'inFlight' | 'heapBytes', number>>;

const POSTED = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'census', version: '1' } };
const ECHO = { name: 'echo', arguments: { text: 'counted' } };

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
/** Streams of half-open sessions: each ends when hearth ends its session. */
const halfOpen = new Set<Promise<unknown>>();

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { sessions: { type: 'string', default: '10000' } } });
  const sessions = Number(values.sessions);
  const folder = mkdtempSync(join(tmpdir(), 'hearth-census-'));
  const hearth = startHearth(folder);
  try {
    const url = await listening(hearth);
    await until(async () => (await get(`${url}/health/ready`)).status === 200, 30_000);
    await openMany(url, Math.max(300, Math.round(sessions / 20))); // code and pools that stay for good are made here
    const before = await settled(url, hearth);
    const startedAt = performance.now();
    await openMany(url, sessions);
    const seconds = (performance.now() - startedAt) / 1000;
    const busy = await take(url);
    await Promise.all(halfOpen);
    const after = await settled(url, hearth);
    const leaks = compare(before, after);
    report({ before, busy, after });
    console.log(`${sessions} sessions in ${seconds.toFixed(1)} s (${Math.round(sessions / seconds)} a second)`);
    for (const leak of leaks) console.error(`leak: ${leak}`);
    if (leaks.length > 0) process.exitCode = 1;
  } finally {
    agent.destroy();
    hearth.kill('SIGTERM');
    if (hearth.exitCode === null) await once(hearth, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

function startHearth(folder: string): ChildProcess {
  const config = join(folder, 'hearth.json');
  const servers = { fixture: { command: process.execPath, args: [join(ROOT, 'tests', 'fixtures', 'server.mjs')] } };
  const limits = { sessions: 100_000, sessionsPerClient: 100_000, sessionTimeout: SESSION_TIMEOUT_MS, drain: 500 };
  writeFileSync(config, JSON.stringify({ servers, limits }));
  const args = ['--expose-gc', '--import', collector(folder), join(ROOT, 'dist', 'main.js'), 'serve', '-c', config, '--port', '0'];
  return spawn(process.execPath, [...args, '--log-format', 'json'], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Collects garbage on SIGUSR2, so that heaps can be compared. */
function collector(folder: string): string {
  const file = join(folder, 'collect.mjs');
  writeFileSync(file, "process.on('SIGUSR2', () => { for (let n = 0; n < 3; n++) globalThis.gc(); });");
  return file;
}

async function listening({ stdout }: ChildProcess): Promise<string> {
  let text = '';
  stdout?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-100_000);
  });
  await until(() => /"url":"http/.test(text), 30_000);
  return /"url":"(http:[^"]+)"/.exec(text)?.[1] ?? '';
}

async function openMany(url: string, count: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const end = ENDS[n % ENDS.length] as End;
      await (n % 2 === 0 ? sseSession(url, end) : httpSession(url, end));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function sseSession(url: string, end: End): Promise<void> {
  const stream = await Stream.open(`${url}/sse`, { accept: 'text/event-stream' });
  await stream.until('event: endpoint');
  const target = new URL(/^data: (.*)$/m.exec(stream.text)?.[1] ?? '', url).href;
  const post = (id: number | undefined, method: string, params?: object): Promise<Answer> => send('POST', target, POSTED, { id, method, params });
  await post(0, 'initialize', INITIALIZE);
  await stream.until('"id":0,"result"', '"result":{"protocolVersion"');
  await post(undefined, 'notifications/initialized');
  await post(1, 'tools/call', ECHO);
  await stream.until('counted');
  stream.end(end);
}

async function httpSession(url: string, end: End): Promise<void> {
  const target = `${url}/mcp`;
  const opened = await send('POST', target, POSTED, { id: 0, method: 'initialize', params: INITIALIZE });
  const headers = { ...POSTED, 'mcp-session-id': String(opened.headers['mcp-session-id']) };
  await send('POST', target, headers, { method: 'notifications/initialized' });
  const answer = await send('POST', target, headers, { id: 1, method: 'tools/call', params: ECHO });
  if (!answer.text.includes('counted')) throw new Error(`wrong answer: ${answer.status} ${answer.text}`);
  if (end === 'clean') await send('DELETE', target, headers);
  else (await Stream.open(target, { ...headers, accept: 'text/event-stream' })).end(end);
}

/** An event stream, read as it comes. */
class Stream {
  text = '';
  readonly response: IncomingMessage;
  #look = (): void => {};

  constructor(response: IncomingMessage) {
    this.response = response;
    response.on('error', () => {});
    response.on('data', (chunk: Buffer) => {
      this.text = (this.text + chunk.toString()).slice(-20_000);
      this.#look();
    });
    response.once('close', () => this.#look());
  }

  static async open(url: string, headers: OutgoingHttpHeaders): Promise<Stream> {
    const response = await respond('GET', url, headers, undefined, false);
    if (response.statusCode !== 200) throw new Error(`${url} answers ${response.statusCode}`);
    return new Stream(response);
  }

  /** Waits until one of the texts has come. */
  until(...texts: string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        if (texts.some((text) => this.text.includes(text))) resolve();
        else if (this.response.destroyed) reject(new Error(`the stream has ended without ${texts[0]}: ${this.text}`));
      };
      this.#look();
    });
  }

  end(how: End): void {
    if (how === 'clean') this.response.destroy();
    else if (how === 'dropped') this.response.socket.resetAndDestroy();
    else this.#stayUntilFreed();
  }

  #stayUntilFreed(): void {
    const ended: Promise<unknown> = once(this.response, 'close').finally(() => halfOpen.delete(ended));
    halfOpen.add(ended);
  }
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

async function send(method: string, url: string, headers: OutgoingHttpHeaders, message?: object): Promise<Answer> {
  const response = await respond(method, url, headers, message && JSON.stringify({ jsonrpc: '2.0', ...message }), agent);
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, headers: response.headers, text };
}

function respond(method: string, url: string, headers: OutgoingHttpHeaders, body: string | undefined, by: Agent | false): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: by }, resolve);
    sent.on('error', reject);
    sent.end(body);
  });
}

function get(url: string): Promise<Answer> {
  return send('GET', url, {});
}

/** Waits until the sessions are gone, collects garbage and counts. */
async function settled(url: string, hearth: ChildProcess): Promise<Census> {
  await until(async () => (await take(url)).sessions === 0, 60_000);
  agent.destroy(); // its idle connections are no leak of hearth's
  let last = await take(url);
  for (let stable = 0, heap = Number.POSITIVE_INFINITY; stable < 3; ) {
    hearth.kill('SIGUSR2');
    await delay(300);
    const now = await take(url);
    heap = Math.min(heap, now.heapBytes);
    stable = now.descriptors === last.descriptors ? stable + 1 : 0;
    last = { ...now, heapBytes: heap };
  }
  return last;
}

async function take(url: string): Promise<Census> {
  const { text } = await get(`${url}/metrics`);
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (.+)$`, 'gm'))].reduce((total, [, value]) => total + Number(value), 0);
  return {
    children: sum('mcp_child_processes'),
    childDescriptors: sum('mcp_child_open_fds'),
    descriptors: sum('process_open_fds'),
    sessions: sum('chat_sessions_active'),
    streams: sum('mcp_transport_connections'),
    inFlight: sum('mcp_requests_in_flight'),
    heapBytes: sum('nodejs_heap_size_used_bytes'),
  };
}

function compare(before: Census, after: Census): string[] {
  const margins: Partial<Record<keyof Census, number>> = { heapBytes: HEAP_MARGIN_BYTES, descriptors: FD_MARGIN };
  return (Object.keys(before) as Array<keyof Census>)
    .filter((key) => after[key] > before[key] + (margins[key] ?? 0))
    .map((key) => `${key} was ${before[key]} and is ${after[key]}`);
}

function report(columns: Readonly<Record<string, Census>>): void {
  const names = Object.keys(columns);
  const rows = Object.keys(columns[names[0] as string] ?? {}) as Array<keyof Census>;
  console.log(['', ...names].map((name) => name.padStart(16)).join(''));
  for (const row of rows) console.log([row, ...names.map((name) => columns[name]?.[row])].map((cell) => String(cell).padStart(16)).join(''));
}

async function until(condition: () => boolean | Promise<boolean>, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`condition did not hold within ${limitMs} ms: ${condition}`);
    await delay(50);
  }
}

await main();
