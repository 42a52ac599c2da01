import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { REQUIREMENTS } from './requirements.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const SECURITY = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
const ASSESSMENT = readFileSync(join(ROOT, 'docs', 'security-assessment.md'), 'utf8');
/** The classes that issue 6 names. */
const CLASSES = ['2026-25536', '2026-33946', '2025-6515', '2025-66414', '2025-64443', '2025-6514', '2026-29085', '2026-0621', '2025-49596'];

/** The cells of the table that has the given heading as its first cell. */
function rowsOf(text: string, heading: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  const rest = lines.slice(start + 2);
  const rows = rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((line) =>
    line
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.trim()),
  );
}

function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link as string);
}

describe.each([
  ['SECURITY.md', SECURITY, '.'],
  ['docs/security-assessment.md', ASSESSMENT, 'docs'],
])('%s', (_name, text, folder) => {
  it('links to files that exist', () => {
    expect(linksOf(text).length).toBeGreaterThan(10);
    expect(linksOf(text).filter((link) => !existsSync(join(ROOT, folder, link)))).toEqual([]);
  });
});

describe('the threat model', () => {
  const rows = rowsOf(SECURITY, 'Threat');

  it('ties each line to requirements that exist, and to a test that proves one of them or says so itself', () => {
    expect(rows.length).toBeGreaterThan(15);
    const wrong = rows.filter(([, , ids = '', tests = '']) => {
      const cited = [...ids.matchAll(/`([^`]+)`/g)].map(([, id]) => id as string);
      return cited.length === 0 || cited.some((id) => !(id in REQUIREMENTS)) || !linksOf(tests).some((link) => link.endsWith('.test.ts'));
    });
    expect(wrong).toEqual([]);
  });

  it('has a line for each promise of group X', () => {
    const promised = Object.entries(REQUIREMENTS)
      .filter(([, { state }]) => state === 'finished')
      .map(([id]) => id)
      .filter((id) => id.startsWith('X.'));
    const named = new Set(rows.flatMap(([, , ids = '']) => [...ids.matchAll(/`([^`]+)`/g)].map(([, id]) => id)));
    expect(promised.filter((id) => !named.has(id))).toEqual([]);
  });
});

describe('the assessment', () => {
  const rows = rowsOf(ASSESSMENT, 'Class');

  it.each(CLASSES)('has CVE-%s, a section on it, and a test that names the class', (number) => {
    const name = new RegExp(`CVE-${number}(?!\\d)`);
    const row = rows.find(([, numbers = '']) => name.test(numbers));
    expect(ASSESSMENT).toMatch(new RegExp(`^## .*CVE-${number}(?!\\d)`, 'm'));
    const tests = linksOf(row?.[3] ?? '').map((link) => readFileSync(join(ROOT, 'docs', link), 'utf8'));
    expect(tests.some((text) => name.test(text))).toBe(true);
  });
});
