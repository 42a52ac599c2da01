// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of variables in configs
import { describe, expect, it } from 'vitest';
import { loadWithSecrets } from '../../src/cli/load-config.js';
import { parseConfig } from '../../src/config/load.js';
import { secretsOf } from '../../src/config/secrets-of.js';
import { FileStore } from '../../src/secrets/file-store.js';
import { newKeyText } from '../../src/secrets/master-key.js';
import { Redactor } from '../../src/telemetry/redactor.js';
import { verifies } from '../acceptance/requirements.js';
import { AWS_ENV, fakeAws } from '../secrets/fake-aws.js';
import { TempFolder } from '../support/temp.js';

const CANARY = 'canary-in-config-42';

async function load(folder: TempFolder, text: string, env: NodeJS.ProcessEnv = {}) {
  const redactor = new Redactor();
  const loaded = await loadWithSecrets(folder.write('hearth.yaml', text), env, redactor);
  return { ...loaded, redactor };
}

const complaint = (folder: TempFolder, text: string, env: NodeJS.ProcessEnv = {}): Promise<string> =>
  load(folder, text, env).then(
    () => 'nothing',
    (error: Error) => error.message.replaceAll(folder.path, ''),
  );

const server = (value: string): string => `servers:\n  a: {command: x, env: {T: "${value}"}}\n`;

describe('a reference to a secret', () => {
  it(verifies(['X.secrets'], 'is replaced from the encrypted store, and its value is known to the redactor'), async () => {
    using folder = new TempFolder();
    const keyFile = folder.write('key', newKeyText());
    await FileStore.from(folder.file('store'), { keyFile }, {}).set('TOKEN', CANARY);
    const secrets = 'secrets: {backend: file, file: {path: "${DIR}/store", keyFile: "${DIR}/key"}}\n';
    const { config, notes, redactor } = await load(folder, secrets + server('Bearer ${secret:TOKEN}!'), { DIR: folder.path });
    expect(config.servers.a?.env).toEqual({ T: `Bearer ${CANARY}!` });
    expect(redactor.text(CANARY)).toBe('[redacted:TOKEN]');
    expect(notes).toEqual([expect.stringMatching(/key can be read by others \(mode 644\)/)]);
    folder.write('store', '{}');
    expect(await complaint(folder, secrets + server('${secret:TOKEN:-x}'), { DIR: folder.path })).toBe(
      '/hearth.yaml:3:25: servers.a.env.T: /store is not a store of secrets, or was damaged (at format)',
    );
  });

  it(verifies(['X.secrets'], 'is replaced from AWS, and from what Docker mounts'), async () => {
    using folder = new TempFolder();
    await using aws = await fakeAws({ 'app/TOKEN': CANARY });
    folder.write('MOUNTED', 'mounted-value\n');
    const secrets = `secrets: {backend: aws, dir: ${folder.path}, aws: {region: eu-west-1, prefix: app/, endpoint: "${aws.endpoint}"}}\n`;
    const { config } = await load(folder, secrets + server('${secret:TOKEN} ${secret:MOUNTED} ${secret:NONE:-default}'), AWS_ENV);
    expect(config.servers.a?.env).toEqual({ T: `${CANARY} mounted-value default` });
    // What nobody refers to is not asked for.
    aws.calls.length = 0;
    await load(folder, secrets + server('plain'), AWS_ENV);
    expect(aws.calls).toEqual([]);
  });

  it(verifies(['X.secrets'], 'that leads nowhere is named with its place and where it was looked for'), async () => {
    using folder = new TempFolder();
    const dir = `secrets: {dir: ${folder.path}/run}\n`;
    expect(await complaint(folder, dir + server('${secret:NONE}'))).toBe(
      '/hearth.yaml:3:25: servers.a.env.T: there is no secret "NONE"; it was looked for in /run',
    );
    expect(await complaint(folder, server('${secret:}'))).toContain("2:25: servers.a.env.T: a secret's name has letters");
    expect(await complaint(folder, server('${secret:../etc/passwd}'))).toContain("a secret's name has letters");
    expect(await complaint(folder, `secrets: {dir: "\${secret:X}"}\n${server('x')}`)).toContain(
      '1:11: secrets.dir: ${secret:X}: secrets cannot be used here',
    );
    expect(await complaint(folder, `secrets: {backend: vault}\n${server('x')}`)).toContain('1:11: secrets.backend: must be one of file, aws');
    expect(await complaint(folder, 'servers: [')).toContain('hearth.yaml:1:');
    expect(() => parseConfig(server('${secret:X}'), 'f', {})).toThrow('secrets cannot be used here');
  });
});

it('values of references are known to be secrets by their source or the name', async () => {
  using folder = new TempFolder();
  const env = { API_TOKEN: 'token-value', PLAIN: 'plain-value', OTHER_FILE: folder.write('other', 'other-value\n') };
  const { redactor } = await load(folder, server('${API_TOKEN} ${PLAIN} ${OTHER}'), env);
  expect(redactor.text('token-value plain-value other-value')).toBe('[redacted:API_TOKEN] plain-value [redacted:OTHER]');
});

it('secrets that are written into a config are found', () => {
  const { config } = parseConfig(
    `auth: {keys: [first-api-key-000, {key: second-api-key-00}]}
servers:
  a:
    command: x
    args: [--api-key, value-1, --token=value-2, PASSWORD=value-3, "http://u:value-4@h/", plain, --flag, --other]
    env: {MY_SECRET: value-5, PLAIN: value, DB: "postgres://u:value-6@h/db"}
    passEnv: [PASSED_TOKEN, PASSED, GONE]
  b: {url: "https://h/sse?api_key=value-7", headers: {Authorization: Bearer value-8, X-Own: value-9, Accept: text/plain}}
`,
    'f',
    {},
  );
  const found = secretsOf(config, { PASSED_TOKEN: 'value-10', PASSED: 'value' }).map(([, value]) => value);
  expect(found.sort()).toEqual(
    ['first-api-key-000', 'second-api-key-00', 'Bearer value-8', ...[1, 2, 3, 4, 5, 6, 7, 9, 10].map((n) => `value-${n}`)].sort(),
  );
});
