import { expect, it } from 'vitest';
import { AwsSecrets } from '../../src/secrets/aws.js';
import { MountedSecrets } from '../../src/secrets/docker.js';
import { FileStore } from '../../src/secrets/file-store.js';
import { lookUp } from '../../src/secrets/lookup.js';
import { newKeyText } from '../../src/secrets/master-key.js';
import { placesOf, warningsOf } from '../../src/secrets/places.js';
import { verifies } from '../acceptance/requirements.js';
import { TempFolder } from '../support/temp.js';

it(verifies(['X.secrets'], 'mounted secrets are read by name, without their last line end'), async () => {
  using folder = new TempFolder();
  folder.write('TOKEN', 'mounted\n');
  folder.write('.hidden', 'x');
  folder.write('big', 'x'.repeat(65_537));
  const mounted = new MountedSecrets(folder.path);
  expect([await mounted.get('TOKEN'), await mounted.get('NONE'), await mounted.get('../TOKEN')]).toEqual(['mounted', undefined, undefined]);
  expect((await mounted.list()).map(({ name }) => name)).toEqual(['TOKEN', 'big']);
  expect(await new MountedSecrets(folder.file('none')).list()).toEqual([]);
  await expect(mounted.get('big')).rejects.toThrow('has 65537 bytes; the limit of a secret is 65536');
  await expect(new MountedSecrets(folder.file('TOKEN')).list()).resolves.toEqual([]);
  const folders = new MountedSecrets(`${folder.path}/..`);
  await expect(folders.get(folder.path.split('/').at(-1) ?? '')).rejects.toThrow('cannot be read: EISDIR');
});

it('the store comes before what is mounted, and problems are told for each name', async () => {
  using folder = new TempFolder();
  using mounted = new TempFolder();
  for (const name of ['BOTH', 'MOUNTED']) mounted.write(name, 'from-mount');
  const keyFile = folder.write('key', newKeyText());
  const store = FileStore.from(folder.file('store'), { keyFile }, {});
  await store.set('BOTH', 'from-store');
  const places = [store, new MountedSecrets(mounted.path)];
  const names = ['BOTH', 'MOUNTED', 'NONE', 'BOTH', '../x'];
  expect(Object.fromEntries(await lookUp(names, places))).toEqual({
    BOTH: { value: 'from-store' },
    MOUNTED: { value: 'from-mount' },
    NONE: { problem: `there is no secret "NONE"; it was looked for in the store ${store.file} and in ${mounted.path}`, isMissing: true },
    '../x': { problem: expect.stringContaining("a secret's name has"), isMissing: false },
  });
  const wrong = FileStore.from(store.file, { keyFile: folder.write('other', newKeyText()) }, {});
  const found = await lookUp(['MOUNTED'], [wrong, new MountedSecrets(mounted.path)]);
  expect(found.get('MOUNTED')).toEqual({ problem: expect.stringContaining('the key does not fit'), isMissing: false });
});

it('places are those of the config', () => {
  using folder = new TempFolder();
  const settings = { dir: '/d', file: { path: folder.file('f'), keyFile: folder.write('k', 'x') }, aws: { prefix: 'p/', timeout: 1 } };
  expect(placesOf(settings, {}).map(({ where }) => where)).toEqual(['/d']);
  expect(placesOf({ ...settings, backend: 'file' }, {}).map(({ where }) => where)).toEqual([`the store ${folder.file('f')}`, '/d']);
  const [aws] = placesOf({ ...settings, backend: 'aws' }, { AWS_REGION: 'eu-west-1' });
  expect([aws instanceof AwsSecrets, aws?.where]).toEqual([true, 'AWS Secrets Manager (eu-west-1, p/…)']);
  expect([warningsOf(settings, {}), warningsOf({ ...settings, backend: 'file' }, {}).length]).toEqual([[], 1]);
  expect(warningsOf({ ...settings, backend: 'file', file: { path: folder.file('f') } }, { HEARTH_SECRETS_KEY: 'x' })).toEqual([]);
});
