import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Dependencies } from '../../src/health/dependencies.js';
import { addressOf, unreachable } from '../../src/health/dependency.js';

describe('the address of a dependency', () => {
  it.each([
    ['db:5432', 'db', 5432],
    ['[::1]:80', '::1', 80],
    ['postgres://u:p@db/x', 'db', 5432],
    ['postgresql://u:p@db:6000/x?sslmode=require', 'db', 6000],
    ['http://n8n:5678/api', 'n8n', 5678],
    ['https://example.com', 'example.com', 443],
    ['http://[::1]/', '::1', 80],
    ['redis://cache', 'cache', 6379],
  ])('%s', (text, host, port) => {
    expect(addressOf(text)).toEqual({ host, port });
  });

  it.each(['', 'db', 'db:0', 'db:70000', 'postgresql:///x?host=/run', 'postgres://a:1,b:2/x', 'other://host/x', 'host=db port=5432'])(
    '%j has none that can be looked at',
    (text) => {
      expect(addressOf(text)).toBeUndefined();
    },
  );
});

describe('dependencies', () => {
  it('are found and missed, and their credentials are not shown', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const dependencies = new Dependencies({ database: `postgres://u:hidden@127.0.0.1:${port}/x`, unset: '' });
    await dependencies.look();
    expect(dependencies.problem).toBeUndefined();
    expect(dependencies.report()).toEqual([{ name: 'database', address: `127.0.0.1:${port}`, reachable: true }]);
    await new Promise((resolve) => server.close(resolve));
    await dependencies.look();
    expect(dependencies.problem).toBe(`database at 127.0.0.1:${port}: connection refused`);
    expect(JSON.stringify(dependencies.report())).not.toContain('hidden');
  });

  it('that do not answer are given up after the limit', async () => {
    expect(await unreachable({ host: '192.0.2.1', port: 9 }, 50)).toMatch(/no answer within 50 ms|no way to this|connection refused/);
    expect(await unreachable({ host: 'no-such-host.invalid', port: 9 }, 5_000)).toMatch(/no host of this name|cannot be resolved/);
  });
});
