import { chmodSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { type Outcome, runCli } from '../support/cli.js';
import { TempFolder } from '../support/temp.js';

const CANARY = 'canary-by-cli-31';

describe('hearth secrets', () => {
  it(verifies(['X.store'], 'keeps secrets without ever showing one'), async () => {
    using folder = new TempFolder();
    const outcomes: Outcome[] = [];
    const secrets = async (args: string[], input = ''): Promise<Outcome> => {
      const outcome = await runCli(['secrets', ...args], { cwd: folder.path, input });
      outcomes.push(outcome);
      return outcome;
    };
    expect(await secrets(['set', 'A'], CANARY)).toMatchObject({ code: 1, stderr: expect.stringContaining('hearth secrets init') });
    expect(await secrets(['init'])).toMatchObject({ code: 0, stdout: expect.stringContaining('The key is in hearth.secrets.key.') });
    expect(statSync(folder.file('hearth.secrets.key')).mode & 0o777).toBe(0o600);
    expect(await secrets(['init'])).toMatchObject({ code: 1, stderr: expect.stringContaining('exists already; it stays as it is') });
    expect(await secrets(['set', 'A'], `${CANARY}\n`)).toMatchObject({ code: 0, stdout: 'A is in hearth.secrets.json.\n' });
    expect((await secrets(['list'])).stdout).toMatch(/^A {2}created \S+ {2}changed \S+\n1 secret\n$/);
    expect((await secrets(['rotate'])).stdout).toBe('1 secret is encrypted with a new key, which is in hearth.secrets.key.\n');
    expect((await secrets(['rotate', '--new-key-file', 'other.key'])).stdout).toContain('which is in other.key');
    expect(await secrets(['list'])).toMatchObject({ code: 1, stderr: expect.stringContaining('the key does not fit hearth.secrets.json') });
    chmodSync(folder.file('other.key'), 0o644);
    expect(await secrets(['list', '--key-file', 'other.key'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('run: chmod 600 other.key'),
    });
    expect(await secrets(['remove', 'A', '--key-file', 'other.key'])).toMatchObject({ code: 0, stdout: 'A was removed.\n' });
    expect(await secrets(['remove', 'A', '--key-file', 'other.key'])).toMatchObject({ code: 1 });
    for (const { stdout, stderr } of outcomes) expect(stdout + stderr).not.toContain(CANARY);
  });

  it('takes no value from the command line, no empty one, and no endless one', async () => {
    using folder = new TempFolder();
    await runCli(['secrets', 'init'], { cwd: folder.path });
    const set = (input: string, ...more: string[]): Promise<Outcome> => runCli(['secrets', 'set', 'A', ...more], { cwd: folder.path, input });
    const outcomes = [await set('', CANARY), await set('\n'), await set('x'.repeat(70_000))];
    expect(outcomes.map(({ code }) => code)).toEqual([2, 1, 2]);
    expect(outcomes[0]?.stderr).not.toContain(CANARY);
    expect(outcomes[1]?.stderr).toContain('the value of A is empty');
  });

  it('takes the key from a variable', async () => {
    using folder = new TempFolder();
    await runCli(['secrets', 'init'], { cwd: folder.path });
    const env = { HEARTH_SECRETS_KEY: readFileSync(folder.file('hearth.secrets.key'), 'utf8').trim(), HEARTH_SECRETS_FILE: folder.file('s.json') };
    const run = (args: string[], input = ''): Promise<Outcome> => runCli(['secrets', ...args], { env, input });
    expect((await run(['set', 'A'], CANARY)).code).toBe(0);
    expect((await run(['list'])).stdout).toContain('1 secret');
    expect(await run(['rotate'])).toMatchObject({ code: 1, stderr: expect.stringContaining('--new-key-file') });
    expect(await run(['init'])).toMatchObject({ code: 2, stderr: expect.stringContaining('already holds a key') });
  });
});
