import { describe, expect, it } from 'vitest';
import { levelOf } from '../../src/telemetry/line-level.js';
import { LogLimit } from '../../src/telemetry/log-limit.js';
import { fixture, startApp, until } from '../support/app.js';
import { recordedLog } from '../support/log.js';

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
