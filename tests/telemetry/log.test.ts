import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLog, type LogLevel, silentLog } from '../../src/telemetry/log.js';
import { fixture, startApp, until, untilReady } from '../support/app.js';
import { recordedLog } from '../support/log.js';
import { RawHttp, RawSse } from '../support/raw-client.js';

function prettyLog(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { log: createLog(level, 'pretty', stream), lines };
}

describe('JSON records', () => {
  it('have a time, a level, an event name and a sentence, one on a line', () => {
    const { log, records, text } = recordedLog('debug');
    log.error('a', 'first', { n: 1 });
    log.warn('b', 'second\nline');
    log.info('c', 'third', { hint: 'for people' });
    log.debug('d', 'fourth');
    expect(records).toMatchObject([
      { level: 'error', event: 'a', message: 'first', n: 1 },
      { level: 'warn', event: 'b', message: 'second\nline' },
      { level: 'info', event: 'c', message: 'third' },
      { level: 'debug', event: 'd', message: 'fourth' },
    ]);
    for (const { timestamp } of records) expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(text().split('\n')).toHaveLength(5);
    expect(text()).not.toContain('for people');
  });

  it.each([
    ['error', ['error']],
    ['warn', ['error', 'warn']],
    ['info', ['error', 'warn', 'info']],
  ] as const)('at %s are no more than that', (level, expected) => {
    const { log, records } = recordedLog(level);
    for (const method of ['error', 'warn', 'info', 'debug'] as const) log[method]('x', 'text');
    expect(records.map((record) => record.level)).toEqual(expected);
  });

  it('carry the fields of the log they came from', () => {
    const { log, records } = recordedLog();
    log.with({ server: 's' }).with({ probe: true }).info('x', 'text', { own: 1 });
    log.info('y', 'text');
    expect(records[0]).toMatchObject({ server: 's', probe: true, own: 1 });
    expect(records[1]).not.toHaveProperty('server');
  });

  it('name what a running hearth does', async () => {
    const { log, records } = recordedLog('debug');
    const hearth = await startApp({ servers: { fixture: fixture() } }, log);
    await untilReady(hearth.url);
    const http = new RawHttp(`${hearth.url}/mcp`);
    await http.open();
    await http.call(1, 'echo', { text: 'x' });
    await http.call(2, 'die');
    const sse = await RawSse.open(`${hearth.url}/sse`);
    sse.close();
    await until(() => records.some(({ event }) => event === 'session_closed'));
    await hearth.app.stop();
    const events = new Set(records.map(({ event }) => event));
    for (const event of ['child_stderr', 'child_ready', 'child_state', 'child_down', 'session_opened', 'session_closed', 'request']) {
      expect(events).toContain(event);
    }
    expect(records.find(({ event }) => event === 'session_closed')).toMatchObject({ reason: 'disconnected', session: expect.any(String) });
    expect(records.every(({ event, level, message }) => typeof event === 'string' && typeof level === 'string' && typeof message === 'string')).toBe(
      true,
    );
  });
});

describe('records for people', () => {
  it('are one line each, with the server, the sentence and the fields', () => {
    const { log, lines } = prettyLog();
    log.with({ server: 'memory' }).warn('child_down', 'it ended', { reason: 'exit', pids: [1, 2] });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
    const plain = lines[0]?.replace(/\x1b\[\d+m/g, '');
    expect(plain).toMatch(/^\d\d:\d\d:\d\d warn {2}\[memory\] it ended reason=exit pids=\[1,2\]\n$/);
  });

  it('show hints, and nothing that could steer a terminal', () => {
    const { log, lines } = prettyLog();
    log.info('listening', 'it listens', { hint: '  paste this' });
    log.error('child_stderr', '\x1b[2J\x07evil\nsecond\u009b', { field: '\x1b]0;title\x07' });
    expect(lines[0]).toContain('it listens\n'.replace('\n', ''));
    expect(lines[0]).toContain('\n  paste this\n');
    expect(lines[1]).toContain('\ufffd[2J\ufffdevil second\ufffd');
    expect(lines[1]).toContain('field=\ufffd]0;title\ufffd');
  });
});

it('the silent log says nothing', () => {
  for (const method of ['error', 'warn', 'info', 'debug'] as const) expect(silentLog.with({ a: 1 })[method]('x', 'y')).toBeUndefined();
});
