// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of variables in configs
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isAllowed, licenceProblems } from '../../scripts/lib/licences.js';
import { findingsIn, judge } from '../../scripts/lib/secret-scan.js';
import { verifies } from '../acceptance/requirements.js';

describe('licences', () => {
  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-or-later)', true],
    ['MIT AND Apache-2.0', true],
    ['MIT AND GPL-3.0-only', false],
    ['GPL-3.0-only OR AGPL-3.0-only', false],
    ['(MIT AND (ISC OR GPL-2.0-only))', true],
    ['MIT OR GPL-2.0-only AND GPL-3.0-only', true],
    ['SEE LICENSE IN LICENSE', false],
    ['UNLICENSED', false],
    ['(MIT', false],
    ['MIT)', false],
    ['mit', false],
    ['MIT OR', false],
    ['', false],
  ])('%s: %s', (expression, expected) => {
    expect(isAllowed(expression)).toBe(expected);
  });

  it(verifies(['X.audit'], 'one that is not allowed is told; an exception is for one licence, and goes when it is not needed'), () => {
    const packages = [
      { name: 'a', version: '1.0.0', licence: 'MIT' },
      { name: 'b', version: '2.0.0', licence: 'GPL-3.0-only' },
      { name: 'c', version: '3.0.0', licence: 'Odd' },
    ];
    const exceptions = { a: { licence: 'Odd', reason: '' }, b: { licence: 'LGPL-3.0-only', reason: '' }, c: { licence: 'Odd', reason: '' } };
    expect(licenceProblems(packages, exceptions)).toEqual([
      'b@2.0.0 has the licence "GPL-3.0-only", which is not allowed',
      'the exception for a is not needed any more',
    ]);
  });
});

/** Random text that is the same each time, and stands in no file. */
const random = (length: number, encoding: 'base64url' | 'hex' = 'base64url'): string =>
  createHash('sha512').update('seed').digest(encoding).replace(/[_-]/g, 'x').slice(0, length);
const upper = random(16, 'hex').toUpperCase();

describe('secrets', () => {
  it.each([
    ['private key', `-----BEGIN ${'RSA'} PRIVATE KEY-----`],
    ['private key', `-----BEGIN ${'PGP'} PRIVATE KEY BLOCK-----`],
    ['AWS key id', `id ${'AKIA'}${upper}.`],
    ['GitHub token', `${'ghp'}_${random(36)}`],
    ['GitHub token', `${'github_pat'}_${random(60)}`],
    ['Slack token', `${'xoxb'}-${random(24)}`],
    ['npm token', `${'npm'}_${random(36)}`],
    ['API key', `${'sk'}-ant-${random(40)}`],
    ['key of hearth', `${'hk'}_${random(12, 'hex')}_${random(43)}`],
    ['assignment', `const apiKey = '${random(32)}';`],
    ['assignment', `DB_PASSWORD=${random(24)}\n`],
    ['assignment', `"client_secret": "${random(32, 'hex')}",`],
  ])(verifies(['X.audit'], 'a %s is found, with its line'), (kind, text) => {
    expect(findingsIn('a.ts', `one\ntwo\n${text}`)).toEqual([expect.objectContaining({ file: 'a.ts', line: 3, kind })]);
  });

  it.each([
    'const token = process.env.GITHUB_PERSONAL_ACCESS_TOKEN;',
    "password: '${secret:POSTGRES_PASSWORD}'",
    "apiKey: 'not-a-key-at-all-but-words'",
    "secret = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAA'",
    `"integrity": "sha512-${random(86)}=="`,
    'token: 2025-11-25',
    'passwordFile: /run/secrets/postgres_password',
  ])('what only sounds like one is not: %s', (text) => {
    expect(findingsIn('a.ts', text)).toEqual([]);
  });

  it('an allowance is for one text of one file, and goes when it is not needed', () => {
    const [found] = [{ file: 'a', line: 1, kind: 'k', text: 'x' }];
    const allow = (file: string, text: string) => ({ file, text, reason: '' });
    expect(judge([found], [allow('a', 'x')])).toEqual({ refused: [], unused: [] });
    expect(judge([found], [allow('b', 'x'), allow('a', 'y')])).toEqual({ refused: [found], unused: [allow('b', 'x'), allow('a', 'y')] });
  });
});
