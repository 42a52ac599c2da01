// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of variables in configs
import { describe, expect, it } from 'vitest';
import { embeddedConfig } from '../../src/config/embedded.js';
import { ConfigError } from '../../src/config/issues.js';
import { type LoadedConfig, loadConfigFile, parseConfig } from '../../src/config/load.js';
import { TempFolder } from '../support/temp.js';

const parse = (text: string, env: NodeJS.ProcessEnv = {}): LoadedConfig => parseConfig(text, 'hearth.yaml', env);
const servers = 'servers: {a: {command: x}}\n';

/** What is wrong with a config, as it is printed. */
function complaint(text: string, env: NodeJS.ProcessEnv = {}): string {
  try {
    parse(text, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'nothing';
}

describe('a config that is right', () => {
  it('gets the defaults', () => {
    const { config, notes } = parse(servers);
    expect(notes).toEqual([]);
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 8080 });
    expect(config.servers.a).toMatchObject({ command: 'x', args: [], env: {}, policy: 'shared', startTimeout: 60_000 });
    expect(config.http).toMatchObject({ heartbeat: 15_000, stateless: false, jsonResponse: false });
    expect(config.limits).toMatchObject({ sessions: 2_000, sessionTimeout: 1_800_000, requestTimeout: 600_000, message: 64 * 2 ** 20 });
  });

  it('may be JSON', () => {
    const { config } = parse('{"$schema": "x.json", "listen": {"port": 0}, "servers": {"a": {"command": "x", "args": ["1"]}}}');
    expect(config).toMatchObject({ listen: { port: 0 }, servers: { a: { args: ['1'] } } });
  });

  it.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['1d', 86_400_000],
    ['250ms', 250],
    ['" 10 s "', 10_000],
    ['1500', 1_500],
    ['"1500"', 1_500],
    ['0', 0],
  ])('a duration %s is %d ms', (text, ms) => {
    expect(parse(`${servers}limits: {drain: ${text}}`).config.limits.drain).toBe(ms);
  });

  it.each([
    ['64MiB', 67_108_864],
    ['10MB', 10_000_000],
    ['1.5KiB', 1_536],
    ['10kB', 10_000],
    ['2KB', 2_000],
    ['100B', 100],
    ['256MiB', 268_435_456],
    ['4096', 4_096],
  ])('a size %s is %d bytes', (text, bytes) => {
    expect(parse(`${servers}limits: {message: ${text}}`).config.limits.message).toBe(bytes);
  });

  it('the embedded default is one', () => {
    const { servers } = parse(JSON.stringify(embeddedConfig('/data', ['filesystem', 'memory']))).config;
    expect(Object.keys(servers)).toEqual(['filesystem', 'memory', 'thinking', 'everything']);
    expect(servers.filesystem).toMatchObject({ args: ['/data'], offer: ['sampling', 'elicitation'] });
    expect(servers.memory?.env).toMatchObject({ MEMORY_DIR: '/data/memory', DATABASE_URL: '' });
  });
});

describe('a config that is wrong says where, what, and what is allowed', () => {
  const durations = 'must be a duration like 30s, 5m or 1h (at most 24d), or milliseconds as a number';
  const sizes = 'must be a size like 64MiB or 10MB (at most 256MiB), or bytes as a number';
  const serverNames = 'a server name has letters, digits, ".", "-" and single "_", and begins and ends with a letter or digit';
  const top = 'allowed: $schema, listen, servers, http, limits, auth, audit, traces, state, secrets';
  it.each([
    ['', '1:1: must be a mapping with the key "servers"'],
    ['[1, 2]', '1:1: must be a mapping with the key "servers"'],
    ['listen: {}', '1:1: servers: is missing (record)'],
    ['servers: {}', '1:1: servers: name at least one server'],
    ['servers: null', '1:1: servers: must be a mapping of keys to values'],
    ['servers: {a: {}}', '1:11: servers.a: needs either "command" (a stdio server) or "url" (a remote one)'],
    ['servers: {a: {command: ""}}', '1:15: servers.a.command: must be at least 1 characters long'],
    ['servers: {a: {command: 7}}', '1:15: servers.a.command: must be a text'],
    ['servers: {a: {command: x, args: y}}', '1:27: servers.a.args: must be a list'],
    ['servers: {a: {command: x, args: [ok, 7]}}', '1:38: servers.a.args.1: must be a text'],
    ['servers: {a: {command: x, policy: both}}', '1:27: servers.a.policy: must be one of shared, pool, per-session'],
    ['servers: {a: {command: x, poolSize: 65}}', '1:27: servers.a.poolSize: must be at most 64'],
    ['servers: {a: {command: x, poolSize: 1.5}}', '1:27: servers.a.poolSize: must be a whole number'],
    ['servers:\n  a__b: {command: x}', `2:3: servers.a__b: ${serverNames}`],
    ['servers:\n  "-a": {command: x}', `2:3: servers.-a: ${serverNames}`],
    [`${servers}listn: {}`, `2:1: unknown key "listn", did you mean "listen"?; ${top}`],
    [`${servers}completely-different: 1`, `2:1: unknown key "completely-different"; ${top}`],
    [`${servers}listen:\n  prot: 1`, '3:3: listen: unknown key "prot", did you mean "port"?; allowed: host, port'],
    [`${servers}listen: {port: 65536}`, '2:10: listen.port: must be at most 65535'],
    [`${servers}listen: {port: "80"}`, '2:10: listen.port: must be a number'],
    [`${servers}listen: {port: 80.5}`, '2:10: listen.port: must be a whole number'],
    [`${servers}http: {stateless: yes please}`, '2:8: http.stateless: must be true or false'],
    [`${servers}http: {heartbeat: 1ms}`, '2:8: http.heartbeat: must be at least 10ms'],
    [`${servers}limits: {drain: 5 parsecs}`, `2:10: limits.drain: ${durations}`],
    [`${servers}limits: {drain: 25d}`, `2:10: limits.drain: ${durations}`],
    [`${servers}limits: {drain: -1}`, `2:10: limits.drain: ${durations}`],
    [`${servers}limits: {drain: soon}`, `2:10: limits.drain: ${durations}`],
    [`${servers}limits: {drain: true}`, '2:10: limits.drain: must be a text or a number'],
    [`${servers}limits: {message: 1GiB}`, `2:10: limits.message: ${sizes}`],
    [`${servers}limits: {message: 0}`, `2:10: limits.message: ${sizes}`],
    [`${servers}limits: {sessions: 0}`, '2:10: limits.sessions: must be at least 1'],
    ['a: [1', '1:6: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ['servers: {a: {command: x}}\nservers: {}', '2:1: Map keys must be unique'],
    ['servers: *nobody', '1:1: Unresolved alias (the anchor must be set before the alias): nobody'],
  ])('%j', (text, expected) => {
    expect(complaint(text)).toBe(`hearth.yaml:${expected}`);
  });

  it('all at once, one on a line', () => {
    expect(complaint('servers:\n  a:\n    comand: x\nlisten:\n  port: -1\n').split('\n')).toEqual([
      'hearth.yaml:5:3: listen.port: must be at least 0',
      expect.stringMatching(/^hearth\.yaml:3:5: servers\.a: unknown key "comand", did you mean "command"\?; allowed: command, .*args, /),
      'hearth.yaml:2:3: servers.a: needs either "command" (a stdio server) or "url" (a remote one)',
    ]);
  });

  it('and a file that is not there', () => {
    expect(() => loadConfigFile('no/such/file.yaml', {})).toThrow(/^no\/such\/file\.yaml: cannot be read: ENOENT/);
  });
});

describe('variables', () => {
  const command = (text: string, env: NodeJS.ProcessEnv = {}): string | undefined =>
    parse(`servers: {a: {command: "${text}"}}`, env).config.servers.a?.command;

  it.each([
    ['${TOOL}', { TOOL: 'x' }, 'x'],
    ['a-${TOOL}-b-${TOOL}', { TOOL: 'x' }, 'a-x-b-x'],
    ['${TOOL:-y}', {}, 'y'],
    ['${TOOL:-y}', { TOOL: '' }, 'y'],
    ['${TOOL:-y}', { TOOL: 'x' }, 'x'],
    ['x${TOOL}', { TOOL: '' }, 'x'],
    ['x${TOOL:-}', {}, 'x'],
    ['$TOOL and ${not a name}', { TOOL: 'x' }, '$TOOL and ${not a name}'],
  ])('%s with %j is %s', (text, env, expected) => {
    expect(command(text, env)).toBe(expected);
  });

  it('may be given as files, for secrets', () => {
    using folder = new TempFolder();
    const file = folder.write('secret', 'hush\n');
    expect(command('${TOKEN}', { TOKEN_FILE: file })).toBe('hush');
    expect(command('${TOKEN}', { TOKEN_FILE: file, TOKEN: 'plain' })).toBe('plain');
    expect(command('${TOKEN}', { TOKEN_FILE: file, TOKEN: '' })).toBe('hush');
    expect(complaint('servers: {a: {command: "${TOKEN}"}}', { TOKEN_FILE: folder.file('none') })).toMatch(
      /^hearth\.yaml:1:15: servers\.a\.command: TOKEN_FILE cannot be read: ENOENT/,
    );
    expect(loadConfigFile(folder.write('c.yaml', servers), {}).config.servers).toHaveProperty('a');
  });

  it('that are not set are named with their place', () => {
    expect(complaint('servers:\n  a: {command: x, args: [--key, "${KEY}"]}')).toBe(
      'hearth.yaml:2:33: servers.a.args.1: ${KEY} is not set; set it, set KEY_FILE, or write ${KEY:-default}',
    );
  });
});

describe('variables where a number or a switch is wanted', () => {
  it('are taken as such, and refused when they are none', () => {
    const text = 'listen: {port: "${PORT}"}\nservers: {a: {command: x, poolSize: "${SIZE:-3}", coalesce: "${ON}"}}\n';
    const { config } = parseConfig(text, 'f.yaml', { PORT: '9000', ON: 'true' });
    expect([config.listen.port, config.servers.a?.poolSize, config.servers.a?.coalesce]).toEqual([9000, 3, true]);
    expect(() => parseConfig(text, 'f.yaml', { PORT: 'many', ON: 'maybe' })).toThrow(/f\.yaml:1:10: listen\.port: must be a number/);
  });
});
