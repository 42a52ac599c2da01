import { createServer, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.js';
import { verifies } from '../acceptance/requirements.js';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';

type ServerInput = ConfigInput['servers'][string];

const start = (it: ServerInput, extra: ConfigInput['servers'] = {}): Promise<RunningApp> => startApp({ servers: { it, ...extra } });

interface Found {
  readonly ready: boolean;
  readonly problem?: { stage: string; message: string };
  readonly check?: { ok: boolean | null; error?: string };
  readonly dependencies?: Array<{ reachable: boolean }>;
  readonly children: Array<{ state: string }>;
}

async function found(url: string, page = 'health'): Promise<Found> {
  const { servers } = (await (await fetch(`${url}/${page}`)).json()) as { servers: Found[] };
  return servers[0] as Found;
}

const stage = async (url: string): Promise<string | undefined> => (await found(url)).problem?.stage;
const ready = async (url: string): Promise<number> => (await fetch(`${url}/health/ready`)).status;

async function listening(port = 0): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}

const CHECK = { tool: 'echo', args: { text: 'alive at {hearth}' }, expect: 'alive at http://127.0.0.1:' };

describe('stages of failure are told apart', () => {
  it(verifies(['H.deep'], 'none: a real call is made, and its outcome is shown at once to who asks'), async () => {
    await using running = await start(fixture('', { check: CHECK, minTools: 1 }));
    const { url } = running;
    await untilReady(url);
    expect(await found(url)).toMatchObject({ ready: true, check: { ok: true, tool: 'echo' } });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('mcp_check_ok 1');
    expect(metrics).toContain('mcp_server_problem{stage="check"} 0');
    expect(metrics).not.toMatch(/mcp_tool_calls_total\{tool="echo",outcome="ok"\} [1-9]/); // it is no client's call
  });

  it(verifies(['H.stages'], 'credentials that are missing: not started, and everything else works'), async () => {
    await using running = await start(fixture('', { requireEnv: ['API_TOKEN'] }), { other: fixture() });
    const { url } = running;
    await untilReady(url);
    await until(async () => (await stage(url)) === 'credentials');
    const { children, problem } = await found(url, 'status');
    expect(children[0]?.state).toBe('needs-config');
    expect(problem?.message).toBe('it needs API_TOKEN (or API_TOKEN_FILE), which is not set');
    const { reasons } = (await (await fetch(`${url}/health/ready`)).json()) as { reasons: string[] };
    expect(reasons).toEqual(['Server "it" does not work: it needs API_TOKEN (or API_TOKEN_FILE), which is not set.']);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('mcp_server_problem{server="it",stage="credentials"} 1');
  });

  it(verifies(['H.stages'], 'credentials that are wrong: by the words of the failure'), async () => {
    await using running = await start(fixture('', { check: { ...CHECK, expect: 'never', deniedBy: ['alive'] } }));
    await until(async () => (await stage(running.url)) === 'credentials');
    expect(await ready(running.url)).toBe(503);
  });

  it(verifies(['H.stages'], 'credentials that are wrong: by what the server writes to its log meanwhile, wrapped or not'), async () => {
    const grumble = 'setInterval(() => console.error("FATAL:  wrong\\n     password"), 20)';
    const server = fixture('', { check: { tool: 'sleep', args: { ms: 200 }, expect: 'yes', deniedBy: ['never heard', 'wrong password'] } });
    const { command, args = [] } = server;
    await using running = await start({ ...server, command, args: ['--import', `data:text/javascript,${grumble}`, ...args] });
    await until(async () => (await stage(running.url)) === 'credentials');
    const { problem } = await found(running.url);
    expect(problem?.message).toBe('its check (sleep) failed: the answer lacks "yes": slept; its log says "wrong password"');
  });

  it(verifies(['H.stages'], 'a dependency: named with its address, and over by itself'), async () => {
    let server = await listening();
    const { port } = server.address() as { port: number };
    await using running = await start(fixture('', { dependsOn: { database: `postgres://u:p@127.0.0.1:${port}/x` }, check: CHECK }));
    const { url } = running;
    await untilReady(url);
    await new Promise((resolve) => server.close(resolve));
    await fetch(`${url}/servers/it/reset`, { method: 'POST' }); // do not wait for the next look
    await until(async () => (await stage(url)) === 'dependency');
    expect((await found(url)).problem?.message).toBe(`it needs database at 127.0.0.1:${port}: connection refused`);
    expect(await ready(url)).toBe(503);
    server = await listening(port);
    await untilReady(url);
    server.close();
  });

  it(verifies(['H.stages'], 'a process that does not start, and a handshake that does not come'), async () => {
    await using dead = await start({ command: 'no-such-program-here', check: CHECK });
    await until(async () => (await stage(dead.url)) === 'process');
    await using mute = await start({ command: 'sleep', args: ['60'], startTimeout: 200, stopEof: 100, stopTerm: 100 });
    await until(async () => (await stage(mute.url)) === 'handshake');
  });

  it(verifies(['H.stages'], 'a list of tools that is too short, whatever of it is offered'), async () => {
    await using short = await start(fixture('', { minTools: 1_000 }));
    await until(async () => (await stage(short.url)) === 'tools');
    expect((await found(short.url)).problem?.message).toMatch(/^it lists \d+ tools, and at least 1000 are expected$/);
    await using narrow = await start(fixture('', { minTools: 2, allowTools: ['echo'] }));
    await untilReady(narrow.url);
  });

  it(verifies(['H.stages'], 'a check: a tool that fails, that answers otherwise, that does not exist, that does not answer'), async () => {
    const failing = [
      [{ tool: 'echo', args: { text: 'other' }, expect: 'this' }, 'its check (echo) failed: the answer lacks "this": other'],
      [{ tool: 'fail' }, 'its check (fail) failed: it failed'],
      [{ tool: 'no-such-tool' }, 'its check (no-such-tool) failed: '],
      [{ tool: 'sleep', args: { ms: 60_000 }, timeout: 100 }, 'its check (sleep) failed: '],
    ] as const;
    for (const [check, message] of failing) {
      await using running = await start(fixture('', { check }));
      await until(async () => (await found(running.url)).check?.ok === false);
      expect((await found(running.url)).problem).toMatchObject({ stage: 'check', message: expect.stringContaining(message) });
      expect(await ready(running.url)).toBe(503);
    }
  });
});

/** Asks a client that says it has roots for them, and answers no call before it knows. */
const CURIOUS = `
let roots = false;
const write = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }));
const answers = {
  initialize: ({ protocolVersion, capabilities }) => {
    roots = 'roots' in capabilities;
    return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'curious', version: '1' } };
  },
  'tools/list': () => ({ tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }),
  'tools/call': () => (roots ? void write({ id: 'q', method: 'roots/list' }) : { content: [{ type: 'text', text: 'alive' }] }),
};
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  const result = id === undefined ? undefined : answers[method]?.(params ?? {});
  if (result) write({ id, result });
});`;

it('a check reaches hearth itself also where it listens on all addresses', async () => {
  const config = { servers: { it: fixture('', { check: CHECK }) }, listen: { host: '0.0.0.0' } };
  await using running = await startApp(config);
  await untilReady(running.url);
});

describe('a check in a process of its own', () => {
  it('promises the server no client who would answer its questions', async () => {
    const check = { tool: 'echo', expect: 'alive', timeout: 2_000 };
    await using running = await start({ command: process.execPath, args: ['-e', CURIOUS], policy: 'per-session', check });
    await untilReady(running.url);
    expect(await found(running.url)).toMatchObject({ check: { ok: true } });
  });

  it('leaves none behind, under policy per-session and when asked for', async () => {
    for (const extra of [{ policy: 'per-session' as const }, { check: { ...CHECK, ownProcess: true, extraArgs: ['--extra'] } }]) {
      await using running = await start(fixture('', { check: CHECK, ...extra }));
      await untilReady(running.url);
      await until(() => running.app.servers[0]?.router.pids().length === ('policy' in extra ? 0 : 1));
      expect(await found(running.url)).toMatchObject({ check: { ok: true } });
    }
  });

  it('is ended with hearth', async () => {
    const running = await start(fixture('', { check: { tool: 'sleep', args: { ms: 60_000 }, ownProcess: true, timeout: 60_000 } }));
    await until(() => running.app.servers[0]?.router.ready === true);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = performance.now();
    await running.app.stop();
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('is not made for children that come with their clients’ credentials', async () => {
    await using running = await start(fixture('', { check: CHECK, minTools: 5, credentials: { TOKEN: 'x-token' } }));
    await untilReady(running.url);
    expect((await found(running.url)).check).toBeUndefined();
  });
});
