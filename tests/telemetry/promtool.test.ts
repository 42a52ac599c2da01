import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { fixture, startApp, untilReady } from '../support/app.js';
import { noPrometheus } from '../support/programs.js';
import { RawHttp } from '../support/raw-client.js';

describe.skipIf(noPrometheus !== '')(`promtool check metrics${noPrometheus}`, () => {
  it.each([
    ['a wrapper', { fixture: fixture() }],
    ['a hub', { fixture: fixture(), other: fixture() }],
  ])('finds nothing to say about %s', async (_name, servers) => {
    await using hearth = await startApp({ servers });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    for (const name of ['echo', 'fixture__echo', 'fixture__fail', 'error']) await client.call(1, name, {});
    const text = await (await fetch(`${hearth.url}/metrics`)).text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
