import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, type RunningApp, startApp, until, untilReady } from '../support/app.js';
import { runCli } from '../support/cli.js';

let hearth: RunningApp;
beforeAll(async () => {
  hearth = await startApp({ servers: { fixture: fixture() } });
  await untilReady(hearth.url);
});
afterAll(() => hearth[Symbol.asyncDispose]());

describe('hearth tools', () => {
  it.each(['/mcp', '/sse', '', '/', '/servers/fixture/sse'])('lists them at %s and leaves no session', async (path) => {
    const { code, stdout, stderr } = await runCli(['tools', hearth.url + path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('echo          fixture tool echo\n');
    expect(stdout).toMatch(/\n\d+ tools\n$/);
    await until(() => hearth.app.sessions.size === 0);
  });

  it('as JSON', async () => {
    const { stdout } = await runCli(['tools', '--json', `${hearth.url}/mcp`]);
    expect(JSON.parse(stdout)).toContainEqual({ name: 'echo', description: 'fixture tool echo', inputSchema: { type: 'object' } });
  });
});

describe('hearth call', () => {
  it.each(['/mcp', '/sse', ''])('prints the result of a tool at %s', async (path) => {
    expect(await runCli(['call', hearth.url + path, 'echo', '{"text": "h\u00e9llo"}'])).toEqual({ code: 0, stdout: 'h\u00e9llo\n', stderr: '' });
  });

  it('as JSON, and what is no text as JSON too', async () => {
    const { stdout } = await runCli(['call', '--json', hearth.url, 'echo', '{"text": "a"}']);
    expect(JSON.parse(stdout)).toMatchObject({ content: [{ type: 'text', text: 'a' }] });
    const image = '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"image","data":"AA==","mimeType":"image/png"}]}}';
    const other = await runCli(['call', hearth.url, 'raw', JSON.stringify({ line: `${image}\n` })]);
    expect(JSON.parse(other.stdout)).toEqual({ type: 'image', data: 'AA==', mimeType: 'image/png' });
  });

  it('a tool that reports an error: its text, and 1', async () => {
    expect(await runCli(['call', hearth.url, 'fail'])).toEqual({ code: 1, stdout: 'it failed\n', stderr: 'hearth: the tool reported an error\n' });
  });

  it('a server that answers with an error: 1', async () => {
    const { code, stderr } = await runCli(['call', hearth.url, 'error', '{"code": -32050, "message": "not today"}']);
    expect(code).toBe(1);
    expect(stderr).toContain('the server answered with error -32050:');
    expect(stderr).toContain('not today');
  });

  it.each(['{"text":', '[1]', '7', 'text'])('arguments %s: 2', async (json) => {
    const { code, stderr } = await runCli(['call', hearth.url, 'echo', json]);
    expect(code).toBe(2);
    expect(stderr).toContain(`the arguments must be a JSON object, like '{"path": "."}'; got: ${json}`);
  });

  it('nobody there: 3, with every way that was tried', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const { code, stderr } = await runCli(['call', `http://127.0.0.1:${port}`, 'echo']);
    expect(code).toBe(3);
    expect(stderr).toContain(`cannot reach an MCP server at http://127.0.0.1:${port}/`);
    expect(stderr).toContain(`Streamable HTTP at http://127.0.0.1:${port}/mcp:`);
    expect(stderr).toContain(`SSE at http://127.0.0.1:${port}/sse:`);
  });

  it('a server that speaks no MCP: 3', async () => {
    const { code, stderr } = await runCli(['tools', `${hearth.url}/status`]);
    expect(code).toBe(3);
    expect(stderr).toContain('HTTP 405');
  });
});
