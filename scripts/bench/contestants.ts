import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { Target } from './client.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));

/** How a contestant is started in front of the server under test. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Contestant {
  /** Unique, and the key of its results. */
  readonly name: string;
  /** The floor of the same transport is what it is compared with. */
  readonly transport: Target['transport'];
  readonly kind: 'floor' | 'hearth' | 'peer';
  /** @param server command line of the server under test @param folder for files of its own */
  launch(port: number, server: readonly string[], folder: string): Launch;
  /** Path, headers and names that differ from `/mcp` or `/sse`. */
  readonly target?: Partial<Omit<Target, 'transport' | 'port'>>;
}

/** The command line of the server under test. @param tools how many it has */
export function serverCommand(tools = 3): string[] {
  return [process.execPath, join(HERE, 'server.mjs'), String(tools)];
}

export function targetOf({ transport, target }: Contestant, port: number): Target {
  return { transport, port, path: transport === 'http' ? '/mcp' : '/sse', ...target };
}

const BOTH = ['http', 'sse'] as const;
const PROGRAM = join(ROOT, 'dist', 'main.js');

export const FLOOR: readonly Contestant[] = BOTH.map((transport) => ({
  name: `floor, ${transport}`,
  transport,
  kind: 'floor',
  launch: (port, server) => ({ command: process.execPath, args: [join(HERE, 'forwarder.mjs'), String(port), ...server] }),
}));

export const WRAPPER: readonly Contestant[] = BOTH.map((transport) => ({
  name: `hearth, ${transport}`,
  transport,
  kind: 'hearth',
  launch: (port, server) => ({ command: process.execPath, args: [PROGRAM, 'wrap', '--port', String(port), '--', ...server] }),
}));

/** What metrics and logs cost: the same single files, once as they are and once with nothing counted and next to nothing logged. */
export const OBSERVED: readonly Contestant[] = (
  [
    ['hearth from single files, http', join(ROOT, 'dist', 'program.js'), 'info'],
    ['hearth from single files, nothing counted or logged, http', join(HERE, 'muted.mjs'), 'error'],
  ] as const
).map(([name, program, level]) => ({
  name,
  transport: 'http',
  kind: 'hearth',
  launch: (port, server) => ({ command: process.execPath, args: [program, 'wrap', '--port', String(port), '--log-level', level, '--', ...server] }),
}));

/** @param servers how many the hub has; the last one is called */
export function hub(transport: Target['transport'], servers = 9): Contestant {
  return {
    name: `hearth hub of ${servers}, ${transport}`,
    transport,
    kind: 'hearth',
    target: { toolPrefix: `s${servers}__` },
    launch: (port, server, folder) => {
      const [command, ...args] = server;
      const names = Array.from({ length: servers }, (_, index) => `s${index + 1}`);
      return serve(port, folder, { servers: Object.fromEntries(names.map((name) => [name, { command, args }])) });
    },
  };
}

/** hearth before one server, with room for any number of sessions of one client. */
export function roomy(transport: Target['transport']): Contestant {
  return { ...hub(transport, 1), name: `hearth, ${transport}, roomy`, target: {} };
}

const KEY = 'bench-key-0123456789abcdef0123456789';

/** Authentication, rate limits and argument checks, none of which ever refuses. */
export const GUARDED: readonly Contestant[] = BOTH.map((transport) => ({
  name: `hearth with auth, limits, validation, ${transport}`,
  transport,
  kind: 'hearth',
  target: { headers: { Authorization: `Bearer ${KEY}` } },
  launch: (port, server, folder) => {
    const [command, ...args] = server;
    const rate = { perKey: 100_000_000, perAddress: 100_000_000 };
    return serve(port, folder, { servers: { bench: { command, args, validate: true } }, auth: { keys: [KEY] }, limits: { rate } });
  },
}));

/** Enough room for what the benchmark opens; the defaults protect a homelab. */
const ROOM = { sessions: 5_000, sessionsPerClient: 5_000 };

function serve(port: number, folder: string, config: ConfigInput): Launch {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `hearth-${port}.json`);
  writeFileSync(file, JSON.stringify({ ...config, limits: { ...ROOM, ...config.limits } }));
  return { command: process.execPath, args: [PROGRAM, 'serve', '-c', file, '--port', String(port)] };
}
