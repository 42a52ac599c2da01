// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of variables in configs
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FileStore } from '../../src/secrets/file-store.js';
import { newKeyText } from '../../src/secrets/master-key.js';
import { verifies } from '../acceptance/requirements.js';
import { FIXTURE, until } from '../support/app.js';
import { Cli } from '../support/cli.js';
import { RawHttp } from '../support/raw-client.js';
import { TempFolder } from '../support/temp.js';

it(verifies(['X.secrets'], 'a secret that was changed is given to children that start from then on'), async () => {
  using folder = new TempFolder();
  const env = { HEARTH_SECRETS_KEY: newKeyText() };
  const store = FileStore.from(folder.file('store'), {}, env);
  await store.set('TOKEN', 'first-value');
  const config = folder.write(
    'hearth.yaml',
    `secrets: {backend: file, file: {path: ${JSON.stringify(store.file)}}, refresh: 50ms}
servers: {a: {command: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(FIXTURE)}], env: {TOKEN: "\${secret:TOKEN}"}, backoffMin: 20}}
`,
  );
  await using cli = new Cli(['serve', '-c', config, '--port', '0'], { env });
  const client = new RawHttp(`${await cli.listening()}/mcp`);
  await client.open();
  expect(await client.call(1, 'env', { name: 'TOKEN' })).toBe('first-value');
  await store.set('TOKEN', 'second-value');
  await until(() => cli.record('secrets_changed') !== undefined);
  expect(await client.call(2, 'env', { name: 'TOKEN' })).toBe('first-value');
  await client.request(3, 'tools/call', { name: 'die', arguments: {} });
  expect(await client.call(4, 'env', { name: 'TOKEN' })).toBe('second-value');
  writeFileSync(store.file, 'damaged');
  await until(() => cli.record('secrets_not_refreshed') !== undefined);
  expect(cli.record('secrets_not_refreshed')).toMatchObject({ level: 'warn', message: expect.stringContaining('the old ones stay') });
  expect(cli.stdout).not.toMatch(/first-value|second-value/);
});
