import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Target } from './client.ts';
import { type Contestant, type Launch, ROOT } from './contestants.ts';

/** Peers are no part of the project: they are installed on request, into a folder of their own. */
const CACHE = join(ROOT, '.cache', 'bench');
const INSTALL_MS = 300_000;

interface Peer {
  readonly name: string;
  /** A file that is there once it is installed. */
  readonly program: string;
  install(): Promise<unknown>;
  readonly contestants: readonly Contestant[];
}

const NPM = join(CACHE, 'npm');
const PYTHON = join(CACHE, 'python');
const GO = join(CACHE, 'go');
const SUPERGATEWAY = join(NPM, 'node_modules', 'supergateway', 'dist', 'index.js');
const MCP_PROXY = join(NPM, 'node_modules', 'mcp-proxy', 'dist', 'bin', 'mcp-proxy.mjs');
const PYTHON_PROXY = join(PYTHON, 'bin', 'mcp-proxy');
const GO_PROXY = join(GO, 'mcp-proxy');

function entry(name: string, transport: Target['transport'], launch: Contestant['launch'], target?: Contestant['target']): Contestant {
  return { name: `${name}, ${transport}`, transport, kind: 'peer', launch, ...(target && { target }) };
}

const gateway =
  (...options: string[]) =>
  (port: number, server: readonly string[]): Launch => ({
    command: process.execPath,
    args: [SUPERGATEWAY, '--stdio', server.join(' '), '--port', String(port), '--logLevel', 'none', ...options],
  });

const npmProxy = (port: number, server: readonly string[]): Launch => ({
  command: process.execPath,
  args: [MCP_PROXY, '--host', '127.0.0.1', '--port', String(port), '--', ...server],
});

const pythonProxy = (port: number, [command = '', ...args]: readonly string[]): Launch => ({
  command: PYTHON_PROXY,
  args: ['--host', '127.0.0.1', '--port', String(port), '--log-level', 'WARNING', command, '--', ...args],
});

const goProxy =
  (type: 'sse' | 'streamable-http') =>
  (port: number, [command, ...args]: readonly string[], folder: string): Launch => {
    const file = join(folder, `go-${port}.json`);
    const mcpProxy = { baseURL: `http://127.0.0.1:${port}`, addr: `127.0.0.1:${port}`, name: 'bench', version: '1', type };
    writeFileSync(file, JSON.stringify({ mcpProxy, mcpServers: { bench: { command, args } } }));
    return { command: GO_PROXY, args: ['--config', file] };
  };

const PEERS: readonly Peer[] = [
  {
    name: 'supergateway 4',
    program: SUPERGATEWAY,
    install: npmInstall,
    contestants: [
      entry('supergateway 4', 'http', gateway('--outputTransport', 'streamableHttp', '--stateful')),
      entry('supergateway 4', 'sse', gateway('--outputTransport', 'sse')),
    ],
  },
  {
    name: 'mcp-proxy 6 (npm)',
    program: MCP_PROXY,
    install: npmInstall,
    contestants: [entry('mcp-proxy 6 (npm)', 'http', npmProxy), entry('mcp-proxy 6 (npm)', 'sse', npmProxy)],
  },
  {
    name: 'mcp-proxy (PyPI)',
    program: PYTHON_PROXY,
    install: async () => {
      await execa('python3', ['-m', 'venv', PYTHON], { timeout: INSTALL_MS });
      await execa(join(PYTHON, 'bin', 'pip'), ['install', '--quiet', 'mcp-proxy==0.13.0'], { timeout: INSTALL_MS });
    },
    contestants: [entry('mcp-proxy (PyPI)', 'http', pythonProxy), entry('mcp-proxy (PyPI)', 'sse', pythonProxy)],
  },
  {
    name: 'TBXark/mcp-proxy (Go)',
    program: GO_PROXY,
    install: () => execa('go', ['install', 'github.com/tbxark/mcp-proxy@latest'], { env: { GOBIN: GO }, timeout: INSTALL_MS }),
    contestants: [
      entry('TBXark/mcp-proxy (Go)', 'http', goProxy('streamable-http'), { path: '/bench/mcp' }),
      entry('TBXark/mcp-proxy (Go)', 'sse', goProxy('sse'), { path: '/bench/sse' }),
    ],
  },
];

async function npmInstall(): Promise<void> {
  writeFileSync(join(NPM, 'package.json'), '{"private":true}');
  const packages = ['supergateway@4.0.0', 'mcp-proxy@6.7.19'];
  await execa('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], { cwd: NPM, timeout: INSTALL_MS });
}

/** The peers that are installed, or could be now; why not, for the others. */
export async function installPeers(): Promise<{ contestants: Contestant[]; missing: string[] }> {
  for (const folder of [NPM, GO]) mkdirSync(folder, { recursive: true });
  const contestants: Contestant[] = [];
  const missing: string[] = [];
  for (const peer of PEERS) {
    if (!existsSync(peer.program)) await peer.install().catch(() => {});
    if (existsSync(peer.program)) contestants.push(...peer.contestants);
    else missing.push(peer.name);
  }
  return { contestants, missing };
}
