import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.js';
import { verifies } from '../acceptance/requirements.js';
import { startApp, untilReady } from '../support/app.js';
import { type Release, requiredScenarios, runSuite } from './suite.js';

const FIXTURES = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'conformance');
const child = (name: string) => ({ command: process.execPath, args: [join(FIXTURES, `${name}-era.mjs`)] });

const CHILDREN = { dual: child('dual'), old: child('old'), modern: { ...child('dual'), era: 'modern' as const } };
type Child = keyof typeof CHILDREN;

interface Run {
  readonly release: Release;
  readonly args: readonly string[];
  /** Scenarios that have to pass; all that were run, if absent. */
  readonly required?: readonly string[];
}

const byRevision = (revision: string): Run => ({
  release: '@modelcontextprotocol/conformance',
  args: ['--requirements', revision],
  required: requiredScenarios(revision),
});
const RUNS = {
  '2025-11-25': byRevision('2025-11-25'),
  '2026-07-28': byRevision('2026-07-28'),
  'all of suite 0.1.16': { release: 'conformance-016', args: ['--suite', 'all'] },
} as const satisfies Record<string, Run>;

/** What a child of an older revision cannot give, whatever hearth does for it: scenario, and the reason. */
const BEYOND_OLD_CHILD: Readonly<Record<string, string>> = {
  'input-required-result-basic-elicitation': 'the suite wants the literal key "user_name", and requests of the old era have no key that could say so',
};

/** Where a client meets a child: alone, as `hearth wrap` serves it, or at its own path of a hub. */
const WAYS: Record<string, (name: Child) => { servers: ConfigInput['servers']; path: string }> = {
  wrap: (name) => ({ servers: { [name]: CHILDREN[name] }, path: '/mcp' }),
  'path of a hub': (name) => ({ servers: CHILDREN, path: `/servers/${name}/mcp` }),
};

/** Failed checks by scenario, so that a failing test says what is wrong. */
async function failures(way: keyof typeof WAYS, name: Child, { release, args, required }: Run): Promise<Record<string, string[]>> {
  const { servers, path } = (WAYS[way] as (typeof WAYS)[string])(name);
  await using hearth = await startApp({ servers });
  await untilReady(hearth.url);
  const results = await runSuite(release, `${hearth.url}${path}`, args);
  const scenarios = required ?? results.map(({ scenario }) => scenario);
  const missing = { passed: false, failed: [{ id: 'not run', message: 'the suite wrote no result' }] };
  return Object.fromEntries(
    scenarios
      .map((scenario) => [scenario, results.find((result) => result.scenario === scenario) ?? missing] as const)
      .filter(([, { passed }]) => !passed)
      .map(([scenario, { failed }]) => [scenario, failed.map(({ id, message }) => `${id}: ${message}`)]),
  );
}

describe.concurrent.each(Object.keys(WAYS))('the official conformance suite, by %s', (way) => {
  it.each([
    ['2025-11-25', 'dual'],
    ['2025-11-25', 'old'],
    ['2025-11-25', 'modern'],
    ['2026-07-28', 'dual'],
    ['2026-07-28', 'modern'],
    ['all of suite 0.1.16', 'dual'],
    ['all of suite 0.1.16', 'old'],
  ] as const)(
    verifies(['W8.conformance'], '%s: every scenario passes with a child of the %s era'),
    async (run, name) => {
      expect(await failures(way, name, RUNS[run])).toEqual({});
    },
    90_000,
  );

  it('2026-07-28: every scenario passes with a child of the old era, but for what is beyond it', async () => {
    const failed = await failures(way, 'old', RUNS['2026-07-28']);
    expect(Object.fromEntries(Object.entries(failed).filter(([scenario]) => !(scenario in BEYOND_OLD_CHILD)))).toEqual({});
    expect(Object.keys(BEYOND_OLD_CHILD).filter((scenario) => !(scenario in failed))).toEqual([]);
  }, 90_000);
});
