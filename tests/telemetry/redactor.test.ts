import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Redactor } from '../../src/telemetry/redactor.js';
import { looksSecret } from '../../src/telemetry/secret-names.js';
import { verifies } from '../acceptance/requirements.js';
import { recordedLog } from '../support/log.js';

function knowing(...secrets: ReadonlyArray<readonly [string, string]>): Redactor {
  const redactor = new Redactor();
  for (const [name, value] of secrets) redactor.add(name, value);
  return redactor;
}

const ODD = 'a"b\\c/d é+&=%~!';

describe('a known value', () => {
  it.each([
    ['as it is', ODD],
    ['in JSON', JSON.stringify({ k: ODD })],
    ['in JSON within JSON', JSON.stringify({ k: JSON.stringify({ k: ODD }) })],
    ['in JSON of ASCII', JSON.stringify(ODD).replaceAll('é', '\\u00e9')],
    ['URL-encoded', encodeURIComponent(ODD)],
    ['URL-encoded in lower case', encodeURIComponent(ODD).replace(/%../g, (code) => code.toLowerCase())],
    ['in a form', new URLSearchParams({ k: ODD }).toString()],
    ['in base64', Buffer.from(ODD).toString('base64')],
    ['in base64url', Buffer.from(ODD).toString('base64url')],
    ['in Basic', Buffer.from(`user:${ODD}`).toString('base64')],
    ['in Basic of another length', Buffer.from(`me:${ODD}`).toString('base64')],
  ])(`${verifies(['X.redaction'], 'is taken out of text')} %s`, (_how, text) => {
    const clean = knowing(['TOKEN', ODD]).text(`before ${text} after`);
    expect(clean).toContain('[redacted:TOKEN]');
    expect(clean).toMatch(/^before .* after$/);
    for (const part of ['a"b', 'a%22b', Buffer.from(ODD).toString('base64').slice(4, 14)]) expect(clean).not.toContain(part);
  });

  it('of any kind is taken out in all of these forms', () => {
    const wrap = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => JSON.stringify(text),
      (text) => encodeURIComponent(text),
      (text) => new URLSearchParams({ q: text }).toString(),
    );
    fc.assert(
      fc.property(fc.string({ minLength: 6, unit: 'grapheme' }), wrap, fc.nat(3), (value, form, before) => {
        const redactor = knowing(['S', value]);
        expect(redactor.text(`<${form(value)}>`)).toContain('[redacted:S]');
        const bytes = Buffer.from(`${'x'.repeat(before)}${value.repeat(2)}`);
        if (Buffer.byteLength(value) >= 9) expect(redactor.text(bytes.toString('base64'))).toContain('[redacted:S]');
      }),
    );
  });

  it('of several lines is taken out line by line too', () => {
    const lines = ['-----BEGIN PRIVATE KEY-----', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 'BKcwggSjAgEAAoIBAQDX', '-----END PRIVATE KEY-----'];
    const redactor = knowing(['KEY', lines.join('\n')]);
    expect(lines.map(redactor.text)).toEqual([lines[0], '[redacted:KEY]', '[redacted:KEY]', lines[3]]);
  });

  it('behind a scheme, in Basic and in a URL counts alone too', () => {
    const basic = Buffer.from('user:hunter2-hunter2').toString('base64');
    const redactor = knowing(['A', 'Bearer abcdef123456'], ['B', `Basic ${basic}`], ['DB', 'postgres://u:p%40ssw0rd-9@db/x?token=qwertz-77']);
    expect(redactor.text('abcdef123456')).toBe('[redacted:A]');
    expect(redactor.text('hunter2-hunter2')).toBe('[redacted:B]');
    expect(redactor.text('auth failed for p@ssw0rd-9 and qwertz-77')).toBe('auth failed for [redacted:DB] and [redacted:DB]');
  });

  it('that begins another one leaves nothing of it', () => {
    expect(knowing(['SHORT', 'abcdef'], ['LONG', 'abcdef-ghijkl']).text('abcdef-ghijkl abcdef')).toBe('[redacted:LONG] [redacted:SHORT]');
  });

  it('shorter than six characters is left alone', () => {
    expect(knowing(['PIN', '12345']).text('port 12345')).toBe('port 12345');
  });

  it('is forgotten with its last owner', () => {
    const redactor = new Redactor();
    const [one, two] = [redactor.add('A', 'abcdef'), redactor.add('A', 'abcdef')];
    one();
    one();
    expect(redactor.text('abcdef')).toBe('[redacted:A]');
    two();
    expect([redactor.text('abcdef'), redactor.size]).toEqual(['abcdef', 0]);
  });
});

it('a thousand values cost little', () => {
  const redactor = knowing(...Array.from({ length: 1_000 }, (_, n) => [`S${n}`, `secret-${n}-${'x'.repeat(20)}`] as const));
  const text = 'an ordinary line of a log without anything in it\n'.repeat(2_000);
  redactor.text(text);
  const startedAt = performance.now();
  expect(redactor.text(text)).toBe(text);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(redactor.text(`secret-999-${'x'.repeat(20)}`)).toBe('[redacted:S999]');
});

it('too many values hide everything rather than something', () => {
  const redactor = knowing(...Array.from({ length: 20_001 }, (_, n) => ['S', `value-${n}`] as const));
  expect(redactor.text('anything')).toBe('[redacted]');
});

it('data is copied without secrets, keys included', () => {
  const redactor = knowing(['S', 'abcdef']);
  const deep: unknown[] = [];
  for (let at = deep, n = 0; n < 20; n++) at = at[at.push([]) - 1] as unknown[];
  expect(redactor.deep({ abcdef: ['x abcdef', 1, null, true], none: undefined })).toEqual({
    '[redacted:S]': ['x [redacted:S]', 1, null, true],
    none: undefined,
  });
  expect(JSON.stringify(redactor.deep(deep))).toContain('too deep');
  expect(redactor.deep(new Error('abcdef'))).toMatch(/^Error: \[redacted:S\]/);
});

it('a secret with quotes leaves records of a log whole', () => {
  const redactor = knowing(['S', '","level":"error']);
  const { log, records } = recordedLog('debug', redactor);
  log.with({ server: '","level":"error' }).info('event', 'x ","level":"error', { line: '{"a":"\\",\\"level\\":\\"error"}' });
  expect(records).toMatchObject([{ level: 'info', server: '[redacted:S]', message: 'x [redacted:S]', line: '{"a":"[redacted:S]"}' }]);
});

it.each([
  ...[
    'GITHUB_TOKEN',
    'apiKey',
    'X-Api-Key',
    'Authorization',
    'DB_PASSWORD_2',
    'AWS_SECRET_ACCESS_KEY',
    'DATABASE_URL',
    'DB_PWD',
    'client-secret',
    'KEYS',
  ].map((name) => [name, true] as const),
  ...['PATH', 'PWD', 'OLDPWD', 'HOME', 'MONKEY', 'TOKENIZER', 'SSH_AUTH_SOCK', 'PORT', 'KEYBOARD', 'COMPASS'].map((name) => [name, false] as const),
])('whether %s is the name of a secret: %s', (name, expected) => {
  expect(looksSecret(name)).toBe(expected);
});
