import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { becomeChildOfInit, initCommand } from '../../src/process/init.js';
import { verifies } from '../acceptance/requirements.js';
import { Started } from './support.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'hearth-init-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

function program(folder: string, name: string, mode = 0o755): string {
  const file = join(FOLDER, folder, name);
  mkdirSync(join(FOLDER, folder), { recursive: true });
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, mode);
  return file;
}

describe('initCommand', () => {
  it('prefers an init that is on the PATH, tini first', () => {
    const dumb = program('one', 'dumb-init');
    const tini = program('two', 'tini');
    const path = ['', join(FOLDER, 'none'), join(FOLDER, 'one'), join(FOLDER, 'two')].join(delimiter);
    expect(initCommand(path, ['node', 'x.js'])).toEqual([tini, 'tini', '--', 'node', 'x.js']);
    expect(initCommand(join(FOLDER, 'one'), ['node'])).toEqual([dumb, 'dumb-init', '--', 'node']);
  });

  it('falls back to the shell, also from a file that cannot be run', () => {
    program('plain', 'tini', 0o644);
    for (const path of ['', join(FOLDER, 'plain')]) {
      const [file, ...args] = initCommand(path, ['node', 'x y']);
      expect(file).toBe('/bin/sh');
      expect(args.slice(0, 2)).toEqual(['sh', '-c']);
      expect(args.slice(3)).toEqual(['hearth-init', 'node', 'x y']);
    }
  });
});

describe('becomeChildOfInit', () => {
  function replacedBy(self: { pid?: number; platform?: string; env?: NodeJS.ProcessEnv; execve?: undefined }): unknown[] {
    const calls: unknown[] = [];
    const execve = (...args: unknown[]) => calls.push(args);
    const base = { pid: 1, platform: 'linux', env: {}, execPath: '/node', execArgv: ['--flag'], argv: ['/node', 'main.js', 'serve'] };
    becomeChildOfInit({ ...base, execve, ...self } as unknown as NodeJS.Process);
    return calls;
  }

  it('replaces PID 1 by an init that runs the same command line', () => {
    const env = { PATH: join(FOLDER, 'two'), OTHER: '1' };
    const tini = program('two', 'tini');
    expect(replacedBy({ env })).toEqual([[tini, ['tini', '--', '/node', '--flag', 'main.js', 'serve'], env]]);
    expect(replacedBy({})).toEqual([['/bin/sh', expect.arrayContaining(['hearth-init', '/node', '--flag', 'main.js', 'serve']), {}]]);
  });

  it('does nothing when it is not PID 1, not on Linux, or the runtime cannot do it', () => {
    expect(replacedBy({ pid: 7 })).toEqual([]);
    expect(replacedBy({ platform: 'darwin' })).toEqual([]);
    expect(replacedBy({ execve: undefined })).toEqual([]);
    becomeChildOfInit(); // this process is not PID 1: it goes on
  });
});

// A PID namespace of one's own needs a privilege that containers and CI machines often withhold.
const UNSHARE = ['--pid', '--fork', '--mount-proc', '--kill-child'];
const mayUnshare = spawnSync('unshare', [...UNSHARE, 'true']).status === 0;
const INIT_MODULE = join(import.meta.dirname, '..', '..', 'src', 'process', 'init.ts');
const LADDER = { stop: { eofMs: 1, termMs: 1 } }; // PID 1 of a namespace takes its whole world along

/** Runs a Node program as PID 1 that gives its place to the shell init. */
function asPid1(source: string): Started {
  const file = join(FOLDER, `${randomUUID()}.mjs`);
  writeFileSync(file, `import { becomeChildOfInit } from ${JSON.stringify(INIT_MODULE)};\nbecomeChildOfInit();\n${source}`);
  return new Started('unshare', [...UNSHARE, process.execPath, '--no-warnings', file], { ...LADDER, env: { PATH: `/usr/bin${delimiter}/bin` } });
}

describe.skipIf(!mayUnshare)('the shell init as PID 1', () => {
  it("hands its place over, passes the program's exit code on, and ends when it does", async () => {
    await using run = asPid1('console.log(process.pid !== 1 && process.ppid === 1 ? "under init" : "alone"); process.exit(37);');
    await run.exited;
    expect(run).toMatchObject({ stdout: 'under init\n', stderr: '', exits: [{ code: 37 }] });
  });

  it(verifies(['W5.pid1'], 'reaps orphans'), async () => {
    // The orphan is the grandchild: its parent ends before it does, so its zombie falls to PID 1.
    await using run = asPid1(`
      import { spawn } from 'node:child_process';
      import { readdirSync, readFileSync } from 'node:fs';
      const zombies = () => readdirSync('/proc').filter((pid) => { try { return / Z /.test(readFileSync('/proc/' + pid + '/stat', 'utf8')); } catch { return false; } });
      const parent = spawn('sh', ['-c', '(sleep 0.3; exit 0) & echo $!'], { stdio: ['ignore', 'pipe', 'ignore'] });
      let orphan = '';
      parent.stdout.on('data', (chunk) => { orphan += chunk; });
      parent.on('exit', () => {
        const look = setInterval(() => {
          const all = readdirSync('/proc');
          if (orphan === '' || all.includes(orphan.trim())) return; // still there, running or dead
          clearInterval(look);
          console.log('reaped, zombies: ' + zombies().length);
          process.exit(0);
        }, 20);
      });`);
    await run.exited;
    expect(run).toMatchObject({ stdout: 'reaped, zombies: 0\n', exits: [{ code: 0 }] });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('hands %s on, and waits for the program to end in its own time', async (signal) => {
    await using run = asPid1(`
      process.on('${signal}', () => { console.log('got it'); setTimeout(() => process.exit(9), 300); });
      setInterval(() => {}, 1000);
      console.log('listening');`);
    await run.untilSays('listening');
    // unshare's only child is PID 1 in there; from here it has another number
    const pid1 = readFileSync(`/proc/${run.child.pid}/task/${run.child.pid}/children`, 'utf8');
    process.kill(Number(pid1), signal);
    await run.exited;
    expect(run).toMatchObject({ stdout: 'listening\ngot it\n', exits: [{ code: 9 }] });
  });

  it("tells a death by signal as the shell does: 128 + the signal's number", async () => {
    await using run = asPid1("process.kill(process.pid, 'SIGKILL');");
    await run.exited;
    expect(run.exits).toMatchObject([{ code: 137 }]);
  });
});
