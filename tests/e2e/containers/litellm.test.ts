import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../support/raw-client.js';
import { compose, docker, NINE, SKIPPED, untilReady, urlOf } from './compose.js';

const KEY = 'sk-hearth-on-loopback';
const BUILD_MS = 900_000;

describe.skipIf(SKIPPED)(`LiteLLM in front of the nine ${SKIPPED ?? ''}`, () => {
  let url: string;

  async function ask(path: string, body?: Json): Promise<Json> {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const response = await fetch(url + path, { headers, ...(body && { method: 'POST', body: JSON.stringify(body) }) });
    return (await response.json()) as Json;
  }

  beforeAll(async () => {
    await docker('build', '-q', '--target', 'litellm', '-t', 'hearth-test/litellm', '.');
    await compose('--profile', 'litellm', 'up', '-d', '--wait');
    await untilReady(...NINE.map((name) => `mcp-${name}`));
    url = `http://${await compose('port', 'litellm', '4000')}`;
  }, BUILD_MS);
  afterAll(() => compose('rm', '-sf', 'litellm', 'openai'));

  it('lists every tool of every service', async () => {
    let expected = 0;
    for (const name of NINE) {
      const { tools } = (await (await fetch(`${await urlOf(`mcp-${name}`)}/v1/mcp/tools`)).json()) as { tools: unknown[] };
      expected += tools.length;
    }
    expect((await ask('/v1/mcp/tools')).tools).toHaveLength(expected);
  });

  it.each([
    ['filesystem', 'list_directory', { path: '/data' }, ''],
    ['memory', 'read_graph', {}, 'entities'],
    ['postgres', 'execute_sql', { sql: 'select 6 * 7 as answer' }, '42'],
    ['github', 'get_me', {}, 'keeper'],
    ['n8n', 'n8n_list_workflows', { limit: 1 }, '"success": true'],
    ['timescaledb', 'timescale_health', {}, 'TimescaleDB is not installed in this database'],
    ['monitoring', 'monitoring_health', {}, 'prometheus'],
    ['playwright', 'browser_navigate', { url: 'http://website:8080/' }, 'Page URL'],
    ['fetch', 'fetch', { url: 'http://website:8080/' }, 'private'],
  ])('calls a tool of %s', async (server_id, name, args, words) => {
    const answer = await ask('/mcp-rest/tools/call', { server_id, name, arguments: args });
    expect(JSON.stringify(answer).replaceAll('\\"', '"')).toContain(words);
    expect(answer.content).toBeDefined();
  });

  it('lets a chat call a tool by itself', async () => {
    const messages = [{ role: 'user', content: 'call postgres-execute_sql {"sql": "select 6 * 7 as answer"}' }];
    const tools = [{ type: 'mcp', server_url: 'litellm_proxy', require_approval: 'never' }];
    const answer = await ask('/v1/chat/completions', { model: 'default', messages, tools });
    expect(JSON.stringify(answer)).toContain('The tool answered');
    expect(JSON.stringify(answer)).toContain('42');
  });
});
