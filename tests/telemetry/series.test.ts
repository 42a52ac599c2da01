import { describe, expect, it } from 'vitest';
import { verifies } from '../acceptance/requirements.js';
import { fixture, startApp, untilReady } from '../support/app.js';
import { RawHttp } from '../support/raw-client.js';
import { metric } from '../support/wire.js';

const HOSTILE = 10_000;
const AT_ONCE = 64;

/** The series that hearth exports, without its own runtime's (a first collection of garbage makes some). */
async function seriesOf(url: string): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('nodejs_'));
  return lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
}

async function inParallel(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

describe('the number of series', () => {
  it(verifies(['O.telemetry'], 'is the same after 10,000 hostile tool names, session ids, correlation ids, methods, codes and paths'), {
    timeout: 180_000,
  }, async () => {
    await using hearth = await startApp({ servers: { fixture: fixture() } });
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open();
    const attack = async (index: number): Promise<void> => {
      const call = { jsonrpc: '2.0', id: index, method: 'tools/call', params: { name: `hostile"${index}\n{}`, arguments: {} } };
      const failing = { ...call, params: { name: 'error', arguments: { code: index } } };
      const headers = { 'x-correlation-id': `hostile-${index}`, 'user-agent': `hostile-${index}` };
      await (await client.post(index % 2 === 0 ? call : failing, headers)).text();
      await (await client.post(call, { ...headers, 'mcp-session-id': `hostile-${index}` })).text();
      if (index % 10 !== 0) return;
      await (await client.post({ ...call, method: `hostile/${index}` }, headers)).text();
      await (await fetch(`${hearth.url}/hostile/${index}`)).text();
    };
    for (const index of [0, 1]) await attack(index);
    await seriesOf(hearth.url); // the page of metrics has series too
    const before = await seriesOf(hearth.url);
    await inParallel(HOSTILE, attack);
    expect(await seriesOf(hearth.url)).toEqual(before);
    expect(before.join('\n')).not.toContain('hostile');
    expect(await metric(hearth.url, 'mcp_tool_calls_total', 'tool="_other"')).toBeGreaterThanOrEqual(HOSTILE / 2);
  });
});
