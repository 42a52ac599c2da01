import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, until, untilReady } from '../support/app.js';
import { verifies } from './requirements.js';
import { exerciseEverything, withoutTimes } from './support/everything.js';
import { connectV1, connectV2, type Peer, type Way } from './support/peers.js';

const require = createRequire(import.meta.url);
const packageFile = (name: string, file: string): string => join(dirname(require.resolve(`${name}/package.json`)), file);
const EVERYTHING = [packageFile('@modelcontextprotocol/server-everything', 'dist/index.js')];
const FILESYSTEM = packageFile('@modelcontextprotocol/server-filesystem', 'dist/index.js');

const stdio = (args: string[]): Way => ({ kind: 'stdio', command: process.execPath, args, env: { PATH: process.env.PATH ?? '' } });
const VERSIONS = [
  ['SDK 1.x', connectV1],
  ['SDK 2.x', connectV2],
] as const;

describe.each(VERSIONS)('through hearth and directly, by the official client of %s', (_name, connect) => {
  let direct: unknown;

  beforeAll(async () => {
    await using peer = await connect(stdio(EVERYTHING));
    direct = withoutTimes(await exerciseEverything(peer));
  }, 60_000);

  for (const policy of ['shared', 'per-session'] as const) {
    for (const kind of ['sse', 'http'] as const) {
      const title = `server-everything says the same over ${kind}, policy ${policy}`;
      it(verifies(
        ['W1.tools', 'W1.resources', 'W1.prompts', 'W1.completion', 'W1.progress', 'W1.cancellation', 'W1.sampling', 'W1.elicitation', 'W1.roots'],
        title,
      ), async () => {
        await using hearth = await startApp({ servers: { everything: { command: process.execPath, args: EVERYTHING, policy } } });
        await untilReady(hearth.url);
        await using peer = await connect({ kind, url: `${hearth.url}/${kind === 'sse' ? 'sse' : 'mcp'}` });
        expect(withoutTimes(await exerciseEverything(peer))).toEqual(direct);
      }, 60_000);
    }
  }

  it(verifies(['W1.logging'], 'log records and resource updates arrive'), async () => {
    await using hearth = await startApp({ servers: { everything: { command: process.execPath, args: EVERYTHING } } });
    await untilReady(hearth.url);
    for (const kind of ['sse', 'http'] as const) {
      await using peer = await connect({ kind, url: `${hearth.url}/${kind === 'sse' ? 'sse' : 'mcp'}` });
      await peer.setLevel('debug');
      await peer.subscribe('demo://resource/dynamic/text/1');
      await peer.callTool('toggle-simulated-logging', {});
      await peer.callTool('toggle-subscriber-updates', {});
      await until(() => peer.logs.length > 0 && peer.updated.includes('demo://resource/dynamic/text/1'), 20_000);
      await peer.callTool('toggle-simulated-logging', {});
      await peer.callTool('toggle-subscriber-updates', {});
    }
  }, 60_000);
});

describe('server-filesystem', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hearth-fidelity-'));
    await writeFile(join(folder, 'a.txt'), 'first\nsecond\nthïrd\n');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const use = async (peer: Peer): Promise<unknown> => {
    const path = join(folder, 'written.txt');
    const calls: Array<[string, Record<string, unknown>]> = [
      ['list_allowed_directories', {}],
      ['read_text_file', { path: join(folder, 'a.txt') }],
      ['write_file', { path, content: 'one\ntwo\n' }],
      ['edit_file', { path, edits: [{ oldText: 'two', newText: 'three' }], dryRun: true }],
      ['read_multiple_files', { paths: [path, join(folder, 'missing.txt')] }],
      ['list_directory', { path: folder }],
      ['list_directory_with_sizes', { path: folder }],
      ['directory_tree', { path: folder }],
      ['search_files', { path: folder, pattern: '*.txt' }],
      ['create_directory', { path: join(folder, 'sub') }],
      ['move_file', { source: path, destination: join(folder, 'sub', 'moved.txt') }],
      ['read_file', { path: '/etc/hostname' }],
    ];
    const results: unknown[] = [await peer.listTools()];
    for (const [name, args] of calls) results.push(await peer.callTool(name, args));
    await rm(join(folder, 'sub'), { recursive: true, force: true });
    return results;
  };

  it.each(VERSIONS)('works the same through both transports, by %s', async (_name, connect) => {
    let direct: unknown;
    {
      await using peer = await connect(stdio([FILESYSTEM, folder]), {});
      direct = await use(peer);
    }
    await using hearth = await startApp({ servers: { fs: { command: process.execPath, args: [FILESYSTEM, folder] } } });
    await untilReady(hearth.url);
    for (const kind of ['sse', 'http'] as const) {
      await using peer = await connect({ kind, url: `${hearth.url}/${kind === 'sse' ? 'sse' : 'mcp'}` }, {});
      expect(await use(peer)).toEqual(direct);
    }
  });

  it('keeps its folder although clients declare roots', async () => {
    await using hearth = await startApp({ servers: { fs: { command: process.execPath, args: [FILESYSTEM, folder] } } });
    await untilReady(hearth.url);
    for (const kind of ['sse', 'http'] as const) {
      await using peer = await connectV1({ kind, url: `${hearth.url}/${kind === 'sse' ? 'sse' : 'mcp'}` });
      const listed = JSON.stringify(await peer.callTool('list_allowed_directories', {}));
      expect(listed).toContain(folder);
      expect(JSON.stringify(await peer.callTool('read_text_file', { path: '/etc/hostname' }))).toContain('Access denied');
    }
  });
});
