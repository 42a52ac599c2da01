import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HearthError } from '../../src/errors.js';
import { verifies } from '../acceptance/requirements.js';
import { until } from '../support/app.js';
import { isAlive, Started, shell, tree } from './support.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'hearth-child-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

function thrownBy(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('Child', () => {
  it('hands over what the program says on both outputs, and its exit code, once and last', async () => {
    await using run = shell('echo out; echo err >&2; exit 7');
    expect(run.child.pid).toBeGreaterThan(0);
    await run.exited;
    expect(run).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
    await run.child.stop();
    expect(run.exits).toEqual([{ code: 7, signal: undefined, spawnError: undefined }]);
  });

  it('hands over all of a large output before the exit', async () => {
    await using run = shell('yes 0123456789 | head -c 3000000; yes e | head -c 100000 >&2');
    await run.exited;
    expect(run.stdout).toHaveLength(3_000_000);
    expect(run.stderr).toHaveLength(100_000);
  });

  it('tells the signal that ended the program', async () => {
    await using run = shell('kill -SEGV $$');
    await run.exited;
    expect(run.exits).toEqual([{ code: undefined, signal: 'SIGSEGV', spawnError: undefined }]);
  });

  it('passes input on', async () => {
    await using run = shell('while read line; do echo "got $line"; done');
    run.child.write('a é\n');
    run.child.write('b\n');
    await run.untilSays('got a é\ngot b\n');
  });

  it('starts in the given folder, without a shell, with the environment it was given', async () => {
    await using run = new Started('sh', ['-c', 'pwd; echo "$1 $A $HEARTH_CHILD $HEARTH_TEST_SECRET"', 'sh', '$(id); *'], {
      cwd: FOLDER,
      env: { A: 'set' },
    });
    await run.exited;
    expect(run.stdout).toMatch(new RegExp(`^${FOLDER}\\n\\$\\(id\\); \\* set [0-9a-f-]{36} \\n$`));
  });

  describe('says why a program could not be started', () => {
    const notExecutable = join(FOLDER, 'plain');
    writeFileSync(notExecutable, '#!/bin/sh\n');
    chmodSync(notExecutable, 0o644);
    it.each([
      ['a command that does not exist', 'hearth-no-such-command', undefined, 'ENOENT'],
      ['a file that is not executable', notExecutable, undefined, 'EACCES'],
      ['a folder that does not exist', 'true', join(FOLDER, 'nowhere'), 'ENOENT'],
    ])('%s', async (_, command, cwd, why) => {
      await using run = new Started(command, [], { cwd });
      expect(run.child.pid).toBeUndefined();
      await run.exited;
      expect(run.exits).toEqual([{ code: undefined, signal: undefined, spawnError: expect.stringContaining(why) }]);
      expect(thrownBy(() => run.child.write('x'))).toMatchObject({ code: 'child_exited' });
      await run.child.stop();
      expect(run.exits).toHaveLength(1);
    });
  });

  it('refuses input after the exit', async () => {
    await using run = shell('exit 0');
    await run.exited;
    expect(thrownBy(() => run.child.write('x\n'))).toMatchObject({ code: 'child_exited' });
  });

  it('refuses input while it stops', async () => {
    await using run = shell('cat; sleep 0.2');
    const stopped = run.child.stop();
    expect(thrownBy(() => run.child.write('x\n'))).toMatchObject({ code: 'child_exited' });
    await stopped;
  });

  it('survives a program that closes its input and lives on', async () => {
    await using run = shell('exec <&-; echo closed; exec sleep 60', { stop: { eofMs: 10, termMs: 5_000 } });
    await run.untilSays('closed');
    await until(() => thrownBy(() => run.child.write('x\n')) instanceof HearthError);
    expect(run.exits).toEqual([]);
  });

  it('refuses input past the limit when the program does not read, and ends it all the same', async () => {
    await using run = shell('exec sleep 60', { maxPendingInput: 200_000, stop: { eofMs: 10, termMs: 5_000 } });
    const chunk = 'x'.repeat(100_000);
    let error: unknown;
    for (let n = 0; n < 20 && !error; n++) error = thrownBy(() => run.child.write(chunk));
    expect(error).toMatchObject({ code: 'overloaded', message: expect.stringContaining('does not read') });
    await run.child.stop();
    expect(run.exits).toMatchObject([{ signal: 'SIGTERM' }]);
  });

  it('tells the exit at once though a grandchild holds the outputs, and ends that too', async () => {
    const { started, pids } = await tree(['setsid', 'stray-holds-output', 'stray-ignores-term', 'exit'], { stop: { eofMs: 60_000, termMs: 300 } });
    await using run = started;
    await run.exited;
    expect(run.exits).toMatchObject([{ code: 0 }]);
    expect(pids.filter(isAlive)).toEqual(pids); // it still holds them: the exit did not wait for it
    await run.child.stop();
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('says nothing after the exit, whatever a grandchild still prints', async () => {
    await using run = shell('(trap "" TERM; while :; do echo tick; echo tock >&2; sleep 0.01; done) & sleep 0.1');
    await run.exited;
    const { stdout, stderr } = run;
    expect(stdout).toContain('tick');
    await run.child.stop();
    expect(run).toMatchObject({ stdout, stderr });
  });

  it(verifies(['W5.strays'], 'sweeps what a program leaves behind without being asked to'), async () => {
    const { started, pids } = await tree(['child', 'setsid', 'double-fork', 'exit']);
    await using run = started;
    await run.exited;
    await until(() => !pids.some(isAlive));
  });
});
