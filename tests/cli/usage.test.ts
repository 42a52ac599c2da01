import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { EXIT, report } from '../../src/cli/exit.js';
import { pasteHint } from '../../src/cli/hints.js';
import { normaliseEnv } from '../../src/cli/options.js';
import { MAIN, runCli } from '../support/cli.js';
import { TempFolder } from '../support/temp.js';

const COMMANDS = ['wrap', 'serve', 'check', 'add', 'tools', 'call', 'litellm', 'doctor'];

describe('help and version', () => {
  it('of hearth itself list the commands and the exit codes', async () => {
    const { code, stdout } = await runCli(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(`\n  ${command} `);
    expect(stdout).toContain('Exit codes: 0 fine, 1 failed, 2 wrong usage or config, 3 unreachable.');
  });

  it.each(COMMANDS)('of %s', async (command) => {
    const [help, version] = await Promise.all([runCli([command, '--help']), runCli([command, '--version'])]);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain(`Usage: hearth ${command} `);
    expect(help.stdout).toContain('--log-level');
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

it('a reader that leaves before the end is no fault', async () => {
  const child = execa(process.execPath, [MAIN, 'litellm', '--containers'], { stdin: 'ignore', buffer: false, reject: false });
  child.stdout.destroy();
  expect((await child).exitCode).toBe(0);
});

describe('wrong usage is 2', () => {
  it.each([
    [[], 'Usage: hearth'],
    [['nonsense'], "unknown command 'nonsense'"],
    [['wrap', '--nonsense'], "unknown option '--nonsense'"],
    [['wrap', '--port', '65536', '--', 'x'], 'must be a whole number from 0 to 65535'],
    [['wrap', '--port', '', '--', 'x'], 'must be a whole number'],
    [['wrap', '--max-concurrent', '-1', '--', 'x'], 'must be a whole number from 0\n'],
    [['wrap', '--policy', 'both', '--', 'x'], 'Allowed choices are shared, pool, per-session'],
    [['wrap', '--heartbeat', '1ms', '--', 'x'], 'must be at least 10ms'],
    [['wrap', '--request-timeout', 'soon', '--', 'x'], 'must be a duration like 30s'],
    [['wrap', '--max-message-size', '1TB', '--', 'x'], 'must be a size like 64MiB'],
    [['wrap', '--env', '=x', '--', 'x'], 'must be KEY=VALUE'],
    [['wrap', '--log-level', 'loud', '--', 'x'], 'Allowed choices are error, warn, info, debug'],
    [['tools'], "missing required argument 'url'"],
    [['tools', 'not a url'], '"not a url" is not an http:// or https:// URL'],
    [['call', 'ftp://x/', 'echo'], '"ftp://x/" is not an http:// or https:// URL'],
  ])('%j', async (args, text) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
  });
});

describe('hearth check', () => {
  it('says what would run: 0', async () => {
    using folder = new TempFolder();
    folder.write('hearth.json', '{"mcpServers": {"a b": {"command": "x", "args": ["-y", "z"]}}}');
    expect(await runCli(['check'], { cwd: folder.path })).toEqual({
      code: 0,
      stdout: 'note: server "a b" is called "a-b" here: its name has to fit into URLs\nhearth.json is valid: 1 server(s)\n  a-b: x -y z (shared)\n',
      stderr: '',
    });
  });

  it('validates the embedded default where there is no file, and makes no folder', async () => {
    using folder = new TempFolder();
    const { code, stdout } = await runCli(['check'], { cwd: folder.path });
    expect(code).toBe(0);
    expect(stdout).toMatch(/the embedded default is valid: \d+ server\(s\)/); // those that are installed
    expect((await runCli(['check', '-c', 'data'], { cwd: folder.path })).code).toBe(2);
  });

  it('says what is wrong and where: 2', async () => {
    using folder = new TempFolder();
    const file = folder.write('bad.yaml', 'servers:\n  a: {command: x}\nlimits: {drain: never}\n');
    const { code, stdout, stderr } = await runCli(['check', '--config', file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/bad\.yaml:3:10: limits\.drain: must be a duration/);
  });
});

describe('parts', () => {
  it('the environment: aliases come after own names, and "false" is no switch', () => {
    const env: NodeJS.ProcessEnv = {
      HEARTH_STATELESS: 'false',
      MCP_HTTP_STATELESS: 'true',
      MCP_HTTP_JSON: '1',
      MCP_REQUEST_TIMEOUT: '5s',
      HEARTH_REQUEST_TIMEOUT: '6s',
      MCP_CONNECTION_POOL_SIZE: '1',
    };
    normaliseEnv(env);
    expect(env).toMatchObject({ HEARTH_JSON_RESPONSE: '1', HEARTH_REQUEST_TIMEOUT: '6s', HEARTH_POOL_SIZE: '1' });
    expect(env).not.toHaveProperty('HEARTH_STATELESS');
    expect(env).not.toHaveProperty('HEARTH_POLICY');
  });

  it('errors of listening that have no text of their own show the reason', () => {
    const printed: string[] = [];
    const error = Object.assign(new Error('listen EINVAL'), { code: 'EINVAL', syscall: 'listen', address: 'x', port: 1 });
    expect(report(error, (text) => printed.push(text))).toBe(EXIT.failed);
    expect(report(new Error('odd'), (text) => printed.push(text))).toBe(EXIT.failed);
    expect(printed).toEqual(['hearth: cannot listen on x:1: listen EINVAL.\n', 'hearth: odd\n']);
  });

  it('hints of a hub name the servers', () => {
    expect(pasteHint('http://h', ['a', 'b'])).toContain('http://h/servers/a/mcp  (a, b)');
    expect(pasteHint('http://h', ['a'])).not.toContain('/servers/');
  });
});
