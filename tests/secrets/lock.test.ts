import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { FileStore } from '../../src/secrets/file-store.js';
import { withLock } from '../../src/secrets/lock.js';
import { newKeyText } from '../../src/secrets/master-key.js';
import { verifies } from '../acceptance/requirements.js';
import { Cli, runCli } from '../support/cli.js';
import { TempFolder } from '../support/temp.js';

/** The id of a process that has ended. */
async function deadPid(): Promise<number> {
  await using cli = new Cli(['--version']);
  await cli.ended();
  return cli.pid;
}

describe('writers of one store', () => {
  it(verifies(['X.store'], 'lose nothing when several processes write at once'), async () => {
    using folder = new TempFolder();
    const flags = ['--file', folder.file('store'), '--key-file', folder.write('key', newKeyText())];
    const names = Array.from({ length: 8 }, (_, n) => `S${n}`);
    const outcomes = await Promise.all(names.map((name) => runCli(['secrets', 'set', name, ...flags], { input: `value-of-${name}` })));
    expect(outcomes.map(({ code }) => code)).toEqual(names.map(() => 0));
    const store = FileStore.from(folder.file('store'), { keyFile: folder.file('key') }, {});
    expect((await store.list()).map(({ name }) => name)).toEqual(names);
    for (const name of names) expect(await store.get(name)).toBe(`value-of-${name}`);
  });

  it('lose nothing within one process either', async () => {
    using folder = new TempFolder();
    const store = FileStore.from(folder.file('store'), { keyFile: folder.write('key', newKeyText()) }, {});
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.set(`S${n}`, `v${n}`)));
    expect(await store.list()).toHaveLength(20);
  });
});

describe('a lock', () => {
  it('that a dead process has left is taken', async () => {
    using folder = new TempFolder();
    const file = folder.write('lock', `${await deadPid()} ${hostname()}`);
    expect(await Promise.all([1, 2, 3].map((n) => withLock(file, async () => n)))).toEqual([1, 2, 3]);
    expect([existsSync(file), existsSync(`${file}.break`)]).toEqual([false, false]);
  });

  it.each([
    ['a living process', `${process.pid} ${hostname()}`],
    ['another machine', '1 elsewhere'],
    ['nobody knows whom', ''],
  ])('of %s is waited for, but not for ever', async (_whose, text) => {
    using folder = new TempFolder();
    await expect(withLock(folder.write('lock', text), async () => 1, 100)).rejects.toThrow('has been there for too long; delete it if');
  });

  it('that somebody else is about to take away is left to them', async () => {
    using folder = new TempFolder();
    const file = folder.write('lock', `${await deadPid()} ${hostname()}`);
    folder.write('lock.break', '1 elsewhere');
    await expect(withLock(file, async () => 1, 100)).rejects.toThrow('has been there for too long');
  });

  it('is given back after an error', async () => {
    using folder = new TempFolder();
    const failing = withLock(folder.file('lock'), () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await withLock(folder.file('lock'), async () => 1)).toBe(1);
  });
});
