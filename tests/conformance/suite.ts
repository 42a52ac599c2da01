import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { TempFolder } from '../support/temp.js';

const require = createRequire(import.meta.url);

/** The packages of the official conformance suite: the current one, and the last one that knew no revision but 2025-11-25. */
export type Release = '@modelcontextprotocol/conformance' | 'conformance-016';

export interface FailedCheck {
  readonly id: string;
  readonly message: string;
}

export interface Scenario {
  readonly scenario: string;
  readonly passed: boolean;
  readonly failed: readonly FailedCheck[];
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

/** The command line names a result's folder after the leg, the scenario and the time. */
const RESULT_FOLDER = /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/;

const LIMIT_MS = 60_000;

function packageFolder(release: Release): string {
  return dirname(require.resolve(`${release}/package.json`));
}

/** Runs the suite against a URL as its users do, by its command line. @throws Error when it has not run to its end */
export async function runSuite(release: Release, url: string, args: readonly string[]): Promise<Scenario[]> {
  using folder = new TempFolder();
  const program = join(packageFolder(release), 'dist', 'index.js');
  const { exitCode, all } = await execa(process.execPath, [program, 'server', '--url', url, '-o', folder.path, ...args], {
    all: true,
    reject: false, // its exit code tells only whether every check passed
    timeout: LIMIT_MS,
  });
  const results = readdirSync(folder.path).flatMap((name) => {
    const scenario = RESULT_FOLDER.exec(name)?.[1];
    return scenario === undefined ? [] : [readResult(scenario, join(folder.path, name, 'checks.json'))];
  });
  if (exitCode === undefined || results.length === 0) throw new Error(`the suite has not run to its end:\n${all}`);
  return results;
}

function readResult(scenario: string, file: string): Scenario {
  // A scenario that throws leaves no checks at all.
  const checks: Check[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [{ id: scenario, status: 'FAILURE' }];
  const failed = checks
    .filter(({ status }) => status === 'FAILURE')
    .map(({ id, errorMessage = 'the scenario did not complete' }) => ({ id, message: errorMessage }));
  return { scenario, passed: failed.length === 0, failed };
}

/** The scenarios that conformance of a server to a revision requires, as the suite itself has frozen them. */
export function requiredScenarios(revision: string): string[] {
  const file = join(packageFolder('@modelcontextprotocol/conformance'), 'requirements', `${revision}.yaml`);
  return (parse(readFileSync(file, 'utf8')) as { server: string[] }).server;
}
