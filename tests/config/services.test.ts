import { describe, expect, it } from 'vitest';
import { standardServices } from '../../src/config/embedded.js';
import { ConfigError } from '../../src/config/issues.js';
import { parseConfig } from '../../src/config/load.js';
import type { ServerConfig } from '../../src/config/schema.js';
import { readService, serviceNames } from '../../src/config/services.js';
import { needsOf } from '../../src/connect.js';
import { verifies } from '../acceptance/requirements.js';
import { TempFolder } from '../support/temp.js';

function server(entry: object, env: NodeJS.ProcessEnv = {}, onSecret?: (name: string, value: string) => void): ServerConfig {
  const { config } = parseConfig(JSON.stringify({ servers: { it: entry } }), 'f', env, onSecret ? { onSecret } : {});
  return config.servers.it as ServerConfig;
}

describe('services', () => {
  it(verifies(['S.known'], 'are the nine, each on the port that its users know'), () => {
    expect(standardServices()).toEqual(['filesystem', 'monitoring', 'memory', 'fetch', 'postgres', 'github', 'n8n', 'playwright', 'timescaledb']);
    expect(standardServices().map((name) => readService(name).container?.port)).toEqual([8501, 8502, 8503, 8504, 8505, 8506, 8507, 8508, 8509]);
  });

  it.each(standardServices())('%s has a check that its tools can pass', (name) => {
    expect(server({ service: name }).check?.tool).toBeTruthy();
  });

  it.each(serviceNames())('%s makes a whole server', (name) => {
    const made = server({ service: name });
    expect(made.command).toBeTruthy();
    expect(made.minTools).toBeGreaterThan(0);
    expect(made.args.join(' ')).not.toContain('${');
  });

  it('give their program, its arguments and their variables; what the user writes goes before', () => {
    const made = server({ service: 'filesystem', startTimeout: '5s', env: { EXTRA: 'x' }, offer: ['sampling'] }, { FILESYSTEM_ROOT: '/srv/files' });
    expect(made).toMatchObject({ command: 'mcp-server-filesystem', args: ['/srv/files'], startTimeout: 5_000, offer: ['sampling'] });
    expect(made.env).toEqual({ FILESYSTEM_ROOT: '/srv/files', EXTRA: 'x' });
    expect(made.check).toMatchObject({ tool: 'list_directory', args: { path: '/srv/files' } });
    expect(server({ service: 'filesystem', env: { FILESYSTEM_ROOT: '/other' } }, { FILESYSTEM_ROOT: '/srv' }).args).toEqual(['/other']);
  });

  it("of hearth's own are started by the Node.js that hearth runs on, wherever it is installed", () => {
    const made = server({ service: 'memory', args: ['--x'] });
    expect(made.command).toBe(process.execPath);
    expect(made.args).toEqual([expect.stringMatching(/dist\/wrappers\/memory\/main\.js$/), '--x']);
    expect(server({ service: 'memory', command: 'mine' }).command).toBe('mine');
  });

  it('read variables from files, and tell of those that are secret', () => {
    using folder = new TempFolder();
    const file = folder.write('url', 'postgres://u:secret@db/x\n');
    const told: string[] = [];
    const made = server({ service: 'timescaledb' }, { DATABASE_URL_FILE: file }, (name, value) => told.push(`${name}=${value}`));
    expect(made.env.DATABASE_URL).toBe('postgres://u:secret@db/x');
    expect(made.dependsOn).toEqual({ database: 'postgres://u:secret@db/x' });
    expect(told).toContain('DATABASE_URL=postgres://u:secret@db/x');
  });

  it('fall back to other variables', () => {
    expect(server({ service: 'postgres' }, { DATABASE_URL: 'postgres://db/x' }).env.DATABASE_URI).toBe('postgres://db/x');
  });

  it(verifies(['S.deep'], 'say which variables they need, by name, and no more when those are there'), () => {
    expect(needsOf(server({ service: 'n8n' }))).toBe(
      'it needs N8N_API_URL (or N8N_API_URL_FILE), N8N_API_KEY (or N8N_API_KEY_FILE), which are not set',
    );
    expect(needsOf(server({ service: 'n8n' }, { N8N_API_URL: 'http://n', N8N_API_KEY: 'k' }))).toBeUndefined();
    expect(needsOf(server({ service: 'memory' }))).toBeUndefined();
  });

  it(verifies(['C.catalog'], 'of the catalog are there too: Jira, Confluence, AWS, GCP, Slack, Dynamics 365'), () => {
    expect(serviceNames()).toEqual(
      expect.arrayContaining(['atlassian', 'jira', 'aws', 'cloudwatch', 'gcloud', 'slack', 'dynamics365', 'prometheus']),
    );
  });

  it('that do not exist, and files that cannot be read, are errors of the config with their place', () => {
    expect(() => server({ service: 'memori' })).toThrow(
      /f:1:\d+: servers\.it\.service: there is no service "memori", did you mean "memory"\?; there are .*timescaledb/,
    );
    expect(() => server({ service: 'something-else' })).toThrow(/no service "something-else"; there are/);
    expect(() => server({ service: 'github' }, { GITHUB_PERSONAL_ACCESS_TOKEN_FILE: '/nowhere' })).toThrow(ConfigError);
    expect(() => server({ service: 'github' }, { GITHUB_PERSONAL_ACCESS_TOKEN_FILE: '/nowhere' })).toThrow(
      /servers\.it: GITHUB_PERSONAL_ACCESS_TOKEN_FILE cannot be read/,
    );
  });
});
