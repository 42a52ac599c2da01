import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileStore } from '../../src/secrets/file-store.js';
import { newKeyText, tooOpen } from '../../src/secrets/master-key.js';
import { rotate } from '../../src/secrets/rotate.js';
import { verifies } from '../acceptance/requirements.js';
import { TempFolder } from '../support/temp.js';

const CANARY = 'canary-of-the-store-77';

/** A store of one test's own, with a key file. */
function storeIn(folder: TempFolder): FileStore {
  if (!existsSync(folder.file('key'))) folder.write('key', `${newKeyText()}\n`);
  return FileStore.from(folder.file('store'), { keyFile: folder.file('key') }, {});
}

describe('the encrypted store', () => {
  it(verifies(['X.store'], 'keeps, lists and removes secrets, and nothing of them can be read in the file'), async () => {
    using folder = new TempFolder();
    const store = storeIn(folder);
    expect([await store.get('A'), await store.list(), await store.remove('A')]).toEqual([undefined, [], false]);
    await store.set('B', CANARY);
    await store.set('A', 'other-value');
    const [, { created } = {}] = await store.list();
    await store.set('B', `${CANARY}é\n`);
    expect(await store.get('B')).toBe(`${CANARY}é\n`);
    expect(await store.get('constructor')).toBeUndefined();
    const list = await store.list();
    expect(list.map(({ name }) => name)).toEqual(['A', 'B']);
    expect(list[1]?.created).toEqual(created);
    expect(readFileSync(store.file, 'utf8')).not.toMatch(/canary|other-value/);
    expect(statSync(store.file).mode & 0o777).toBe(0o600);
    expect([await store.remove('A'), await store.get('A'), await store.get('B')]).toEqual([true, undefined, `${CANARY}é\n`]);
    expect(readdirSync(folder.path).sort()).toEqual(['key', 'store']);
  });

  it('gives back whatever was put in, and never encrypts the same value alike', async () => {
    using folder = new TempFolder();
    const store = storeIn(folder);
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: 'grapheme' }), async (value) => {
        await store.set('A', value);
        expect(await store.get('A')).toBe(value);
        const { nonce } = JSON.parse(readFileSync(store.file, 'utf8')).entries.A as { nonce: string };
        expect(seen.has(nonce)).toBe(false);
        seen.add(nonce);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['../x', 'v', 'a secret\'s name has letters, digits, "_", "." and "-", and at most 128 of them'],
    ['__proto__', 'v', "a secret's name has letters"],
    ['', 'v', "a secret's name has letters"],
    ['A', '', 'the value of A is empty'],
    ['A', 'x'.repeat(65_537), 'the value of A has 65537 bytes; the limit is 65536'],
  ])('refuses the name %j with such a value', async (name, value, message) => {
    using folder = new TempFolder();
    await expect(storeIn(folder).set(name, value)).rejects.toThrow(message);
  });

  it(verifies(['X.store'], 'says so when something else has changed it'), async () => {
    using folder = new TempFolder();
    const store = storeIn(folder);
    await store.set('A', CANARY);
    await store.set('B', 'other-value');
    const good = readFileSync(store.file, 'utf8');
    type Body = { version: number; entries: Record<string, Record<string, string>>; extra?: number };
    const spoil = async (change: (body: Body) => void): Promise<string> => {
      const body = JSON.parse(good) as Body;
      change(body);
      writeFileSync(store.file, JSON.stringify(body));
      return store.get('A').then(
        () => 'no error',
        (error: Error) => error.message,
      );
    };
    const changed = `${store.file} was changed by something other than hearth; restore it from a backup`;
    expect(await spoil(({ entries }) => delete entries.B)).toBe(changed);
    expect(await spoil(({ entries }) => ([entries.A, entries.B] = [entries.B ?? {}, entries.A ?? {}]))).toBe(changed);
    expect(await spoil(({ entries }) => Object.assign(entries.A ?? {}, { data: 'AAAA' }))).toBe(changed);
    expect(await spoil(({ entries }) => Object.assign(entries.A ?? {}, { updated: '2020-01-01T00:00:00.000Z' }))).toBe(changed);
    expect(await spoil((body) => Object.assign(body, { extra: 1 }))).toContain('is not a store of secrets, or was damaged');
    expect(await spoil((body) => Object.assign(body, { version: 2 }))).toContain('has version 2 of the format; this hearth knows version 1');
    writeFileSync(store.file, `${CANARY} {`);
    await expect(store.get('A')).rejects.toThrow(new Error(`${store.file} is not a store of secrets: it is not JSON`));
    writeFileSync(store.file, good);
    expect(await store.get('A')).toBe(CANARY);
  });

  it('binds a value to its name, whoever computes the rest anew', async () => {
    using folder = new TempFolder();
    const store = storeIn(folder);
    await store.set('A', CANARY);
    const opened = await store.read();
    const { A } = opened?.entries ?? {};
    if (!opened || !A) throw new Error('not there');
    await store.write({ B: A }, opened.keys);
    await expect(store.get('B')).rejects.toThrow('the secret B in the store was changed by something other than hearth');
  });

  it('says so when the key is wrong, missing or none', async () => {
    using folder = new TempFolder();
    const store = storeIn(folder);
    await store.set('A', CANARY);
    const attempt = (keyFile: string | undefined, env: NodeJS.ProcessEnv = {}): Promise<unknown> =>
      FileStore.from(store.file, { keyFile, keyEnv: 'K' }, env).get('A');
    await expect(attempt(folder.write('other', newKeyText()))).rejects.toThrow(`the key does not fit ${store.file}`);
    await expect(attempt(folder.write('none', CANARY))).rejects.toThrow(
      /^the key file .*none does not hold a key \(base64 of 32 bytes\); make one with/,
    );
    await expect(attempt(folder.file('absent'))).rejects.toThrow(/^there is no key file .*absent\. Make one/);
    await expect(attempt(undefined)).rejects.toThrow('there is no key file hearth.secrets.key; K and K_FILE were looked at too');
    await expect(attempt(undefined, { K: 'x' })).rejects.toThrow('the variable K does not hold a key');
    expect(await attempt(undefined, { K: readFileSync(folder.file('key'), 'utf8') })).toBe(CANARY);
    expect(await attempt(undefined, { K_FILE: folder.file('key') })).toBe(CANARY);
  });

  it('tells of files that others may read', () => {
    using folder = new TempFolder();
    const file = folder.write('key', 'x');
    chmodSync(file, 0o640);
    expect(tooOpen(file)).toBe(`${file} can be read by others (mode 640); run: chmod 600 ${file}`);
    chmodSync(file, 0o600);
    expect([tooOpen(file), tooOpen(folder.file('absent'))]).toEqual([undefined, undefined]);
  });

  it('is replaced behind a link, and errors of the disk are told', async () => {
    using folder = new TempFolder();
    const store = storeIn(folder);
    await store.set('A', CANARY);
    symlinkSync(store.file, folder.file('link'));
    const linked = FileStore.from(folder.file('link'), { keyFile: folder.file('key') }, {});
    await linked.set('B', 'value-b');
    expect(await store.get('B')).toBe('value-b');
    const nowhere = FileStore.from(folder.file('no/such/store'), { keyFile: folder.file('key') }, {});
    await expect(nowhere.set('A', CANARY)).rejects.toThrow('cannot be created: ENOENT');
    await expect(FileStore.from(folder.path, { keyFile: folder.file('key') }, {}).get('A')).rejects.toThrow('cannot be read: EISDIR');
  });
});

describe('a new key', () => {
  it(verifies(['X.store'], 'encrypts everything anew, and the old one fits no longer'), async () => {
    using folder = new TempFolder();
    const store = storeIn(folder);
    for (const name of ['A', 'B', 'C']) await store.set(name, `${CANARY}-${name}`);
    const [before, list] = [readFileSync(store.file, 'utf8'), await store.list()];
    folder.write('old', readFileSync(folder.file('key'), 'utf8'));
    expect(await rotate(store, folder.file('key'))).toEqual({ secrets: 3, keyFile: folder.file('key') });
    expect(await store.get('C')).toBe(`${CANARY}-C`);
    expect(await store.list()).toEqual(list);
    expect(readFileSync(store.file, 'utf8')).not.toContain(JSON.parse(before).entries.A.data);
    await expect(FileStore.from(store.file, { keyFile: folder.file('old') }, {}).get('A')).rejects.toThrow('the key does not fit');
    expect(statSync(folder.file('key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path).sort()).toEqual(['key', 'old', 'store']);
  });

  it('goes to another file where the old one cannot be replaced', async () => {
    using folder = new TempFolder();
    const store = storeIn(folder);
    await store.set('A', CANARY);
    expect(() => rotate(store, undefined)).toThrow('name a file for the new one with --new-key-file');
    await expect(rotate(store, undefined, folder.file('key'))).rejects.toThrow('key cannot be created: it exists');
    await rotate(store, undefined, folder.file('new'));
    expect(await FileStore.from(store.file, { keyFile: folder.file('new') }, {}).get('A')).toBe(CANARY);
    await expect(rotate(FileStore.from(folder.file('none'), { keyFile: folder.file('key') }, {}), folder.file('key'))).rejects.toThrow(
      'there is no store',
    );
  });

  it('that a crash left behind is used if it fits, and replaced by the next rotation', async () => {
    using folder = new TempFolder();
    const store = storeIn(folder);
    await store.set('A', CANARY);
    // Cut short after the store was written: the new key is still beside the old one.
    const old = readFileSync(folder.file('key'), 'utf8');
    await rotate(store, folder.file('key'));
    folder.write('key.next', readFileSync(folder.file('key'), 'utf8'));
    folder.write('key', old);
    expect(await store.get('A')).toBe(CANARY);
    await rotate(store, folder.file('key'));
    expect(await store.get('A')).toBe(CANARY);
    // Cut short before: the new key fits nothing.
    folder.write('key.next', newKeyText());
    expect(await store.get('A')).toBe(CANARY);
    await rotate(store, folder.file('key'));
    expect(await store.get('A')).toBe(CANARY);
    expect(readdirSync(folder.path).sort()).toEqual(['key', 'store']);
  });
});
