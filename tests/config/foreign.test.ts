// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of variables in configs
import { describe, expect, it } from 'vitest';
import { type LoadedConfig, parseConfig } from '../../src/config/load.js';

const parse = (body: unknown): LoadedConfig => parseConfig(JSON.stringify(body), 'mcp.json', { HOME: '/home/me' });

describe("other clients' configs", () => {
  it("Claude's and Cursor's is accepted as it is", () => {
    const { config, notes } = parse({
      mcpServers: {
        memory: { command: 'npx', args: ['-y', 'server-memory'], env: { FILE: '${HOME}/m' }, disabled: false, autoApprove: ['x'], timeout: 60 },
        off: { command: 'nothing', disabled: true },
      },
    });
    expect(Object.keys(config.servers)).toEqual(['memory']);
    expect(config.servers.memory).toMatchObject({ command: 'npx', args: ['-y', 'server-memory'], env: { FILE: '/home/me/m' } });
    expect(notes).toEqual([]);
  });

  it("VS Code's is accepted as it is", () => {
    const { config } = parse({ inputs: [{ id: 'k' }], servers: { one: { type: 'stdio', command: 'x', envFile: '.env', gallery: true } } });
    expect(config.servers.one).toMatchObject({ type: 'stdio', command: 'x' });
    expect(() => parse({ servers: { one: { command: 'x', gallery: true } } })).toThrow('unknown key "gallery"');
  });

  it('names are made fit for URLs and tool names, and no server is lost by that', () => {
    const { config, notes } = parse({
      mcpServers: {
        'my server': { command: '1' },
        'my-server': { command: '2' },
        'my  server!': { command: '3' },
        a__b: { command: '4' },
        日本: { command: '5' },
      },
    });
    expect(Object.entries(config.servers).map(([name, { command }]) => [name, command])).toEqual([
      ['my-server-2', '1'],
      ['my-server', '2'],
      ['my-server-3', '3'],
      ['a_b', '4'],
      ['server', '5'],
    ]);
    expect(notes).toHaveLength(4);
    expect(notes[0]).toBe('server "my server" is called "my-server-2" here: its name has to fit into URLs');
  });

  it('errors name the place in the file as it was written', () => {
    const text = '{\n  "mcpServers": {\n    "my server": {"comand": "x"},\n    "b": 7\n  }\n}';
    expect(() => parseConfig(text, 'mcp.json', {})).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /^mcp\.json:3:19: mcpServers\.my server: unknown key "comand", did you mean "command"\?.*\nmcp\.json:3:5: mcpServers\.my server: needs either .*\nmcp\.json:4:5: mcpServers\.b: must be a mapping of keys to values$/,
        ),
      }),
    );
    expect(() => parseConfig('{"mcpServers": {}}', 'mcp.json', {})).toThrow('mcp.json:1:2: mcpServers: name at least one server');
  });
});
