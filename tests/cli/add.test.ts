import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { runCli } from '../support/cli.js';
import { TempFolder } from '../support/temp.js';

const read = (folder: TempFolder, name = 'hearth.yaml'): string => readFileSync(join(folder.path, name), 'utf8');

describe('hearth add', () => {
  it(verifies(['C.catalog'], 'makes a config with one line for the service, and says what it needs'), async () => {
    using folder = new TempFolder();
    const { code, stdout } = await runCli(['add', 'jira'], { cwd: folder.path });
    expect(code).toBe(0);
    expect(read(folder)).toBe('servers:\n  jira:\n    service: jira\n');
    expect(stdout).toContain('its program mcp-atlassian-jira is not installed: npm install -g @aashari/mcp-server-atlassian-jira@');
    expect(stdout).toContain('it needs ATLASSIAN_SITE_NAME (or ATLASSIAN_SITE_NAME_FILE)');
    expect((await runCli(['check'], { cwd: folder.path })).code).toBe(0);
  });

  it('adds to what is there and changes nothing else', async () => {
    using folder = new TempFolder();
    folder.write('mine.yaml', '# my servers\nservers:\n  a: {command: x} # the first\nlimits: {drain: 5s}\n');
    expect((await runCli(['add', 'memory', '-c', 'mine.yaml', '--as', 'notes'], { cwd: folder.path })).stdout).toContain('It has what it needs.');
    const text = read(folder, 'mine.yaml');
    expect(text).toBe('# my servers\nservers:\n  a: {command: x} # the first\n  notes: {service: memory}\nlimits: {drain: 5s}\n');
    folder.write('deep.yaml', 'limits: {drain: 5s}\nservers:\n    a:\n        command: x');
    await runCli(['add', 'memory', '-c', 'deep.yaml'], { cwd: folder.path });
    expect(read(folder, 'deep.yaml')).toBe('limits: {drain: 5s}\nservers:\n    a:\n        command: x\n    memory: {service: memory}\n');
    folder.write('limits.yaml', 'limits: {drain: 5s}\n');
    await runCli(['add', 'memory', '-c', 'limits.yaml'], { cwd: folder.path });
    expect(read(folder, 'limits.yaml')).toBe('limits: {drain: 5s}\nservers:\n  memory: {service: memory}\n');
    folder.write('empty.yaml', 'servers:\nlimits: {drain: 5s}\n');
    await runCli(['add', 'memory', '-c', 'empty.yaml'], { cwd: folder.path });
    expect(read(folder, 'empty.yaml')).toMatch(/^servers:\n {2}memory:\n {4}service: memory\nlimits:/);
    folder.write('flow.json', '{"mcpServers": {"a": {"command": "x"}}}');
    await runCli(['add', 'memory', '-c', 'flow.json'], { cwd: folder.path });
    expect(JSON.parse(read(folder, 'flow.json'))).toEqual({ mcpServers: { a: { command: 'x' }, memory: { service: 'memory' } } });
  });

  it('refuses what it cannot do, and leaves the file as it is', async () => {
    using folder = new TempFolder();
    folder.write('hearth.yaml', 'servers: {memory: {service: memory}}\n');
    folder.write('list.yaml', 'servers: [a]\n');
    folder.write('none.json', '{"limits": {}}');
    folder.write('broken.yaml', 'servers: {a\n');
    for (const [args, message] of [
      [['memory'], 'has a server "memory" already; give another name with --as'],
      [['memori'], 'did you mean "memory"?'],
      [['memory', '--as', 'a b'], '--as a b: a server name has'],
      [['memory', '-c', 'list.yaml'], '"servers" must be a mapping'],
      [['memory', '-c', 'broken.yaml'], 'broken.yaml:'],
      [['memory', '-c', 'none.json'], 'has no "servers" to add to'],
    ] as const) {
      const { code, stderr } = await runCli(['add', ...args], { cwd: folder.path });
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    expect(read(folder)).toBe('servers: {memory: {service: memory}}\n');
    const away = await runCli(['add', 'memory', '-c', 'no/such/folder.yaml'], { cwd: folder.path });
    expect([away.code, existsSync(join(folder.path, 'no'))]).toEqual([1, false]);
  });
});
