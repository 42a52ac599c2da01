import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { REQUIREMENTS, type Requirement } from './requirements.js';

const TESTS = join(dirname(fileURLToPath(import.meta.url)), '..');

/** `verifies(['W1.sse', 'RULE1'], 'title')`, on one line or several. A test that is skipped or commented out proves nothing. */
const COMMENT = /^\s*(?:\/\/|\/?\*).*$/gm;
const CITATION = /(\.(?:skip|todo)\(\s*)?\bverifies\(\s*\[([^\]]*)\]/g;

function citedIn(text: string): string[] {
  return [...text.replace(COMMENT, '').matchAll(CITATION)]
    .filter(([, skipped]) => skipped === undefined)
    .flatMap(([, , ids = '']) => [...ids.matchAll(/'([^']+)'/g)].map(([, id]) => id as string));
}

const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
const citations = files.flatMap((file) => citedIn(readFileSync(join(TESTS, file), 'utf8')).map((id) => ({ file, id })));
const known: Readonly<Record<string, Requirement>> = REQUIREMENTS;

describe('requirements', () => {
  it('are known wherever they are cited', () => {
    expect(citations.filter(({ id }) => known[id] === undefined)).toEqual([]);
  });

  it('are each cited by a test once they are finished', () => {
    const cited = new Set(citations.map(({ id }) => id));
    const finished = Object.entries(known).filter(([, { state }]) => state === 'finished');
    expect(finished.map(([id]) => id).filter((id) => !cited.has(id))).toEqual([]);
  });
});
