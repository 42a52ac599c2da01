import { describe, expect, it } from 'vitest';
import { levelOf } from '../../src/telemetry/line-level.js';
import { LogLimit } from '../../src/telemetry/log-limit.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { recordedLog } from '../support/log.js';
import { RawHttp } from '../support/raw-client.js';

describe('the level of a line', () => {
  it.each([
    ['ERROR: no such table', 'error'],
    ['2026-11-21T10:00:00.123Z [ERROR] x', 'error'],
    ['2026-11-21 10:00:00,123 - WARNING - root - slow', 'warn'],
    ['[warn] deprecated', 'warn'],
    ['WARN  deprecated', 'warn'],
    ['CRITICAL:root:gone', 'error'],
    ['time=2026-11-21T10:00:00Z level=warn msg="slow"', 'warn'],
    ['{"ts":1,"level":"error","msg":"x"}', 'error'],
    ['{"severity": "DEBUG"}', 'debug'],
    ['DEBUG:httpx:GET', 'debug'],
    ['INFO:     Started server', 'info'],
    ['Traceback (most recent call last):', 'error'],
    ['error', 'info'],
    ['0 errors, 2 warnings', 'info'],
    ['Errors are logged to file', 'info'],
    ['the level=error of old', 'error'],
    ['warning-free build', 'warn'],
    ['fixture server started', 'info'],
    ['', 'info'],
  ])('%s is %s', (line, level) => {
    expect(levelOf(line)).toBe(level);
  });

  it('takes no longer for lines that are made to take long', () => {
    const startedAt = performance.now();
    for (const piece of ['[', '1', '-', ' ', 'level=', '{"level":']) levelOf(piece.repeat(64 * 1024));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe('LogLimit', () => {
  it('lets so many through in a window, and tells of the rest', () => {
    const left: number[] = [];
    const limit = new LogLimit(2, 1_000, (count) => left.push(count));
    expect([0, 1, 2, 3].map((at) => limit.take(at))).toEqual([true, true, false, false]);
    expect(left).toEqual([]);
    expect(limit.take(1_001)).toBe(true);
    expect(left).toEqual([2]);
    limit.close();
    limit.close();
    expect(left).toEqual([2]);
  });

  it('tells at the end of the window, whether anybody writes or not', async () => {
    const left: number[] = [];
    const limit = new LogLimit(1, 20, (count) => left.push(count));
    for (let n = 0; n < 5; n++) limit.take();
    await until(() => left.length > 0);
    expect(left).toEqual([4]);
  });
});

describe("a child's stderr", () => {
  it('becomes records with server, stream and level', async () => {
    const { log, records } = recordedLog('debug');
    const script = "console.error('WARN: it is late'); console.error('DEBUG x'); console.error('plain')";
    await using hearth = await startApp({ servers: { noisy: { ...fixture('exit-at-start'), args: ['-e', script] } } }, log);
    await until(() => records.some(({ message }) => message === 'plain'));
    const of = (message: string) => records.find((record) => record.message === message);
    expect(of('WARN: it is late')).toMatchObject({ event: 'child_stderr', level: 'warn', server: 'noisy', stream: 'stderr' });
    expect(of('DEBUG x')).toMatchObject({ level: 'debug' });
    expect(of('plain')).toMatchObject({ level: 'info' });
    expect(hearth.url).toContain('http');
  });

  it('does not fill the log, and is counted all the same', async () => {
    const { log, records } = recordedLog('debug');
    const script = "for (let n = 0; n < 5000; n++) { console.error('line ' + n); console.log('noise ' + n); }";
    await using hearth = await startApp(
      {
        servers: {
          noisy: { ...fixture('', { backoffMin: 60_000, backoffMax: 60_000 }), args: ['-e', `${script} require('fs').readSync(0, Buffer.alloc(1))`] },
        },
      },
      log,
    );
    const leftOut = () => records.filter(({ event }) => event === 'child_lines_left_out');
    await until(() => leftOut().length >= 2, 30_000);
    expect(records.filter(({ event }) => event === 'child_stderr').length).toBeLessThanOrEqual(200);
    expect(records.filter(({ event }) => event === 'stdout_noise').length).toBeLessThanOrEqual(200);
    expect(leftOut()[0]).toMatchObject({ level: 'warn', server: 'noisy', lines: 4_800 });
    const text = await (await fetch(`${hearth.url}/metrics`)).text();
    expect(text).toMatch(/mcp_child_stderr_lines_total 5000\n/);
    expect(text).toMatch(/mcp_child_stdout_noise_lines_total 5000\n/);
  });
});

describe('requests that do not end well', () => {
  it('do not fill the log, but for those with a correlation id of the client', { timeout: 120_000 }, async () => {
    const { log, records } = recordedLog();
    await using hearth = await startApp({ servers: { fixture: fixture('', { breakerFailures: 0 }) } }, log);
    await untilReady(hearth.url);
    const client = new RawHttp(`${hearth.url}/mcp`);
    await client.open({}, '2025-03-26');
    const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'error', arguments: {} } });
    const batch = (from: number) => client.post(Array.from({ length: 500 }, (_, index) => call(from + index)));
    // One after the other: more than 1,000 at once would be refused before they are requests of the server.
    for (const from of [0, 500, 1_000, 1_500]) await (await batch(from)).text();
    for (let id = 0; id < 5; id++) await (await client.post(call(id), { 'x-correlation-id': `mine-${id}` })).text();
    const logged = () => records.filter(({ event }) => event === 'request');
    const leftOut = () => records.filter(({ event }) => event === 'requests_left_out').reduce((sum, { requests }) => sum + Number(requests), 0);
    await until(() => logged().length + leftOut() === 2_005, 60_000);
    expect(logged().filter(({ correlationId }) => String(correlationId).startsWith('mine-'))).toHaveLength(5);
    expect(leftOut()).toBeGreaterThan(0);
  });
});
