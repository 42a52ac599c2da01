import { afterAll, describe, expect, it } from 'vitest';
import { until } from '../../support/app.js';
import { compose, connect, docker, idOf, NINE, SKIPPED, text, untilReady } from './compose.js';

const BROWSERS = "grep -lsE 'chrom' /proc/[0-9]*/comm | wc -l";

describe.skipIf(SKIPPED)(`the nine in containers: how they end ${SKIPPED ?? ''}`, () => {
  afterAll(() => compose('up', '-d', '--wait'));

  it('a wrapper that is killed while many write loses nothing that it has acknowledged', async () => {
    const acknowledged: string[] = [];
    const write = async (writer: number): Promise<void> => {
      await using peer = await connect('mcp-memory');
      for (let index = 0; ; index++) {
        const name = `log ${writer}.${index}`;
        const answer = (await peer.callTool('create_entities', { entities: [{ name, entityType: 'log', observations: [] }] })) as {
          isError?: boolean;
        };
        if (answer.isError !== true) acknowledged.push(name);
      }
    };
    const writers = Array.from({ length: 10 }, (_, writer) => write(writer).catch(() => undefined));
    await until(() => acknowledged.length > 100, 30_000);
    await docker('kill', '-s', 'KILL', await idOf('mcp-memory'));
    await compose('start', 'mcp-memory');
    await untilReady('mcp-memory');
    void writers; // their clients go on trying until the tests end
    const kept = await text('mcp-memory', 'open_nodes', { names: acknowledged });
    expect(acknowledged.filter((name) => !kept.includes(`"${name}"`))).toEqual([]);
  });

  it('20 sessions with a browser leave none behind', async () => {
    const browsers = (): Promise<string> => compose('exec', '-T', 'mcp-playwright', 'bash', '-c', BROWSERS);
    for (let round = 0; round < 10; round++) {
      const open = async (): Promise<void> => {
        await using peer = await connect('mcp-playwright');
        await peer.callTool('browser_navigate', { url: 'http://website:8080/' });
        expect(Number(await browsers())).toBeGreaterThan(0);
      };
      await Promise.all([open(), open()]);
      await until(async () => (await browsers()) === '0', 60_000);
    }
  });

  it('all stop within their grace period, by themselves', async () => {
    for (const name of NINE) {
      const id = await idOf(`mcp-${name}`);
      const start = performance.now();
      await docker('stop', '--time', '30', id);
      expect({ name, code: await docker('inspect', '-f', '{{.State.ExitCode}}', id) }).toEqual({ name, code: '0' });
      expect(performance.now() - start).toBeLessThan(15_000);
    }
  });
});
