import { describe, expect, it } from 'vitest';
import { until } from '../support/app.js';
import { Cli, runCli } from '../support/cli.js';
import { initialize } from '../support/raw-client.js';
import { TempFolder } from '../support/temp.js';
import { verifies } from './requirements.js';
import { CANARY, plant, refuser, tracesOf } from './support/canaries.js';

const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'x-api-key': CANARY.apiKey };

/** Speaks to one server and keeps every answer, whatever it is. */
class Prober {
  readonly answers: string[] = [];
  #session: string | undefined;

  constructor(
    private readonly url: string,
    private readonly headers: Record<string, string> = HEADERS,
  ) {}

  async open(): Promise<this> {
    const response = await this.#post(initialize(0));
    this.#session = response.headers.get('mcp-session-id') ?? undefined;
    await this.#keep(response);
    return this;
  }

  async call(name: string, args: object = {}): Promise<string> {
    return this.#keep(await this.#post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }));
  }

  #post(body: object): Promise<Response> {
    const session = this.#session === undefined ? {} : { 'mcp-session-id': this.#session };
    return fetch(this.url, { method: 'POST', headers: { ...this.headers, ...session }, body: JSON.stringify(body) });
  }

  async #keep(response: Response): Promise<string> {
    const text = `${JSON.stringify([...response.headers])}\n${await response.text()}`;
    this.answers.push(text);
    return text;
  }
}

/** Makes everything fail that can. @returns all that clients have seen, but for results that are theirs */
async function provoke(url: string): Promise<string> {
  const at = (name: string, headers?: Record<string, string>): Promise<Prober> => new Prober(`${url}/servers/${name}/mcp`, headers).open();
  const leaky = await at('leaky');
  expect(leaky.answers[0]).toContain('"serverInfo"');
  leaky.answers.length = 0; // a server's own words about itself pass as they are
  for (const name of ['stderr', 'noise', 'error', 'die', 'error', 'no-such-tool']) await leaky.call(name, { text: CANARY.argument });
  const own = await leaky.call('echo', { text: CANARY.argument });
  expect(own).toContain(CANARY.argument);
  leaky.answers.pop();
  const keyed = await at('keyed', { ...HEADERS, 'x-client-token': CANARY.client });
  keyed.answers.length = 0;
  for (const name of ['stderr', 'noise', 'error', 'die', 'stderr']) await keyed.call(name);
  const others = await Promise.all(['dying', 'refusing', 'missing', 'remote', 'error', 'sse', 'gone', 'keyed'].map((name) => at(name)));
  const strangers = [
    await at('leaky', { ...HEADERS, 'x-api-key': `${CANARY.apiKey}x` }),
    await at('leaky', { ...HEADERS, authorization: `Basic ${CANARY.client}` }),
  ];
  const bad = await fetch(`${url}/mcp`, { method: 'POST', headers: HEADERS, body: `{"arguments": "${CANARY.argument}` });
  for (const { answers } of others) expect(answers.join()).toContain('"error"');
  const pages: string[] = [await bad.text()];
  for (const path of ['/status', '/health', '/health/ready', '/metrics', '/nowhere']) {
    pages.push(await (await fetch(url + path, { headers: { 'x-api-key': CANARY.apiKey } })).text());
  }
  return [...[leaky, keyed, ...others, ...strangers].flatMap(({ answers }) => answers), ...pages].join('\n');
}

describe('canaries in every place that a secret can come from', () => {
  it.each(['json', 'pretty'])(verifies(['X.redaction'], 'appear in no log (%s), page or error of the running program'), async (format) => {
    using folder = new TempFolder();
    await using remote = await refuser();
    const { config, env, key } = await plant(folder, remote.port);
    const args = ['serve', '-c', config, '--port', '0', '--log-level', 'debug', '--log-format', format];
    await using cli = new Cli(args, { cwd: folder.path, env });
    await until(() => /listens on http:\S+/.test(cli.stdout), 20_000);
    const url = /listens on (http:\S+)/.exec(cli.stdout)?.[1] as string;
    await until(() => cli.stdout.split('Exited').length >= 0 && cli.stdout.includes('[redacted:'));
    const seen = await provoke(url);
    const more = [key];
    expect(tracesOf(seen, more)).toEqual([]);
    await until(() => (cli.stdout.match(/fatal: cannot log in with/g) ?? []).length >= 2);
    cli.kill('SIGTERM');
    await cli.ended();
    expect(tracesOf(cli.stdout + cli.stderr, more)).toEqual([]);
    for (const name of ['API_TOKEN', 'FROM_FILE', 'MOUNTED', 'STORED', 'LEAK_KEY', 'LEAK_CLIENT', 'api-key']) {
      expect(cli.stdout).toContain(`[redacted:${name}]`);
    }
  });

  it(verifies(['X.redaction'], 'appear in no output of check and doctor, whether the config is right or wrong'), async () => {
    using folder = new TempFolder();
    const { config, env, key } = await plant(folder, 1);
    const right = await runCli(['check', '-c', config], { cwd: folder.path, env });
    expect(right).toMatchObject({ code: 0, stdout: expect.stringContaining('9 server(s)') });
    const wrong = folder.write(
      'wrong.yaml',
      `servers:
  "\${API_TOKEN}": {command: x}
  a: {command: x, policy: "\${API_TOKEN}", poolSize: "\${API_TOKEN}", startTimeout: "\${API_TOKEN}", env: {A: "\${secret:NONE}"}}
  b: {url: "\${API_TOKEN}"}
  c: {url: "ftp://u:${CANARY.password}@h/"}
`,
    );
    const outcomes = [
      right,
      await runCli(['check', '-c', wrong], { cwd: folder.path, env }),
      await runCli(['serve', '-c', wrong], { cwd: folder.path, env }),
      await runCli(['check', '-c', config], { cwd: folder.path, env: { ...env, HEARTH_SECRETS_KEY: CANARY.env } }),
      await runCli(['wrap', '--env', `TOKEN=${CANARY.plain}`, '--port', '99999', '--', 'x', CANARY.arg], { cwd: folder.path, env }),
      await runCli(['doctor', '-c', config], { cwd: folder.path, env }),
    ];
    expect(outcomes.map(({ code }) => code)).toEqual([0, 2, 2, 2, 2, 1]);
    for (const { stdout, stderr } of outcomes) expect(tracesOf(stdout + stderr, [key])).toEqual([]);
  });
});

it(verifies(['X.ownSecrets'], "a child has its own secrets, no other server's, and none of hearth's"), async () => {
  using folder = new TempFolder();
  const { config, env } = await plant(folder, 1);
  await using cli = new Cli(['serve', '-c', config, '--port', '0'], { cwd: folder.path, env });
  const url = await cli.listening();
  const names = async (server: string, headers = {}): Promise<string[]> => {
    const prober = await new Prober(`${url}/servers/${server}/mcp`, { ...HEADERS, ...headers }).open();
    const found = /"text":"([^"]*)"/.exec(await prober.call('names'))?.[1] ?? '';
    return found.split(' ').filter((name) => /^(?:LEAK|HEARTH|API|FROM)/.test(name));
  };
  expect(await names('leaky')).toEqual(['HEARTH_CHILD', 'LEAK_A', 'LEAK_B', 'LEAK_C', 'LEAK_D', 'LEAK_KEY']);
  expect(await names('keyed', { 'x-client-token': 'token-of-one' })).toEqual(['HEARTH_CHILD', 'LEAK_CLIENT']);
});
