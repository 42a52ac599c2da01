import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { FIXTURE, until } from '../support/app.js';
import { Cli, runCli } from '../support/cli.js';
import { TempFolder } from '../support/temp.js';

describe('hearth keys', () => {
  it('add, list, rotate and revoke: the key is shown once, and never kept', async () => {
    using folder = new TempFolder();
    const at = ['--file', folder.file('keys.json')];
    const added = await runCli(['keys', 'add', 'ci', '--servers', 'git, files', '--tools', 'git__*', '--expires', '90d', ...at]);
    expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining('the only time') });
    expect(added.stdout).toMatch(/^hk_[0-9a-z]{12}_[\w-]{43}\n$/);
    const id = added.stdout.split('_')[1] as string;
    const listed = await runCli(['keys', 'list', ...at]);
    expect(listed.stdout).toMatch(new RegExp(`^ci    ${id}  servers git,files; tools git__\\*  until 20\\d\\d-.*\\n1 keys\\n$`));
    const rotated = await runCli(['keys', 'rotate', 'ci', '--grace', '1h', ...at]);
    expect(rotated.stdout.split('_')[1]).toBe(id);
    const [json] = JSON.parse((await runCli(['keys', 'list', '--json', ...at])).stdout) as Record<string, unknown>[];
    expect(json).toMatchObject({ name: 'ci', id, servers: ['git', 'files'], tools: ['git__*'], expired: false, formerUntil: expect.any(String) });
    expect(JSON.stringify(json)).not.toContain('hash');
    expect((await runCli(['keys', 'revoke', 'ci', ...at])).code).toBe(0);
    expect((await runCli(['keys', 'list', ...at])).stdout).toBe('0 keys\n');
  });

  it.each([
    [['add', 'a b'], 2, 'a name has up to 64'],
    [['add', 'a', '--expires', 'soon'], 2, 'must be a time like 90d'],
    [['add', 'a', '--servers', ' , '], 2, 'must name at least one'],
    [['revoke', 'none'], 1, 'there is no key "none"; there are: none'],
    [['rotate', 'none'], 1, 'there is no key'],
    [['unknown'], 2, 'unknown command'],
    [['add'], 2, "missing required argument 'name'"],
  ])('%s is refused', async (args, code, text) => {
    using folder = new TempFolder();
    const outcome = await runCli(['keys', ...args], { cwd: folder.path });
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringContaining(text)]);
    expect(existsSync(folder.file('hearth-keys.json'))).toBe(false);
  });
});

describe('a hearth with --api-key-file', () => {
  const server = ['--', process.execPath, FIXTURE];

  it.each(['flag', 'environment'])(verifies(['X.auth'], 'by the %s wants a key, and the clients of the command line bring one'), async (by) => {
    using folder = new TempFolder();
    const file = folder.write('keys.txt', '# ours\nkey-for-the-command-line\n');
    const [args, env] = by === 'flag' ? [['--api-key-file', file], {}] : [[], { HEARTH_API_KEY_FILE: file }];
    await using cli = new Cli(['wrap', '--port', '0', ...args, ...server], { env });
    const url = await cli.listening();
    const [refused, ...served] = await Promise.all([
      runCli(['tools', url]),
      runCli(['call', url, 'echo', '{"text":"hi"}', '--api-key-file', file]),
      runCli(['call', `${url}/sse`, 'echo', '{"text":"hi"}'], { env: { HEARTH_API_KEY_FILE: file } }),
      runCli(['call', url, 'echo', '{"text":"hi"}', '--header', 'X-API-Key: key-for-the-command-line']),
    ]);
    expect([refused.code, refused.stdout]).toEqual([3, '']);
    expect(served.map(({ stdout }) => stdout)).toEqual(['hi\n', 'hi\n', 'hi\n']);
    expect(cli.stdout).not.toContain('key-for-the-command-line');
    await until(() => cli.records.some(({ event }) => event === 'auth_failed'));
  });

  it('a client without a key that it can use says so: 2', async () => {
    using folder = new TempFolder();
    const url = 'http://127.0.0.1:1';
    expect((await runCli(['tools', url, '--header', 'nonsense'])).code).toBe(2);
    expect((await runCli(['tools', url, '--api-key-file', folder.file('none')])).code).toBe(2);
    expect((await runCli(['tools', url, '--api-key-file', folder.write('empty', '\n')])).stderr).toContain('holds no key');
  });

  it('that is not there ends the start: 2', async () => {
    const { code, stderr } = await runCli(['wrap', '--port', '0', '--api-key-file', '/none/at/all', ...server]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('ENOENT')]);
  });

  it(verifies(['X.origin'], 'says at the start what is open to other machines'), async () => {
    using folder = new TempFolder();
    const key = ['--api-key-file', folder.write('keys.txt', 'key-for-the-command-line\n')];
    const named = ['--allowed-hosts', 'tools.example.com'];
    const cases = [
      { args: [], event: 'allowed_hosts_unset', says: ['IP addresses only', 'no authentication'], silent: [] },
      { args: key, event: 'allowed_hosts_unset', says: ['IP addresses only'], silent: ['no authentication'] },
      { args: named, event: 'no_authentication', says: ['no authentication'], silent: ['IP addresses only'] },
    ];
    for (const { args, event, says, silent } of cases) {
      await using cli = new Cli(['wrap', '--port', '0', '--host', '0.0.0.0', ...args, ...server]);
      await cli.listening();
      await until(() => cli.record(event) !== undefined);
      for (const text of says) expect(cli.record(event)?.message).toContain(text);
      for (const text of silent) expect(cli.record(event)?.message).not.toContain(text);
      expect(cli.records.filter(({ level }) => level === 'warn')).toHaveLength(1);
    }
    await using quiet = new Cli(['wrap', '--port', '0', '--host', '0.0.0.0', ...key, ...named, ...server]);
    await quiet.listening();
    await until(() => quiet.record('connect') !== undefined);
    expect(quiet.records.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});
