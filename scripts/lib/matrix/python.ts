// The Python clients of the matrix, each in an environment of its own.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { ANSWERS, ERAS, type MatrixClient, NEW_REVISION, type Outcome, VISIT_MS, type Visit } from './subject.ts';

/** The last release that knows only the handshake, and the newest one. */
const VERSIONS = ['1.30.0', '2.3.0'];
const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'client.py');
const INSTALL_MS = 180_000;

/** Makes the environments that are not there yet. @returns the Python of each @throws Error when that is not possible here */
export async function preparePythons(cache: string): Promise<string[]> {
  const pythons: string[] = [];
  for (const version of VERSIONS) {
    const folder = join(cache, `python-${version}`);
    const python = join(folder, 'bin', 'python');
    if (!(existsSync(python) && (await isWhole(python)))) await makeEnvironment(folder, python, version);
    pythons.push(python);
  }
  return pythons;
}

async function isWhole(python: string): Promise<boolean> {
  return (await execa(python, [PROGRAM, '--version'], { reject: false })).exitCode === 0;
}

async function makeEnvironment(folder: string, python: string, version: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  await execa('python3', ['-m', 'venv', folder], { timeout: INSTALL_MS });
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--retries', '1', '--timeout', '15'];
  await execa(python, ['-m', 'pip', 'install', ...quiet, `mcp==${version}`], { timeout: INSTALL_MS });
}

/** @param python one in whose environment `mcp` is installed */
export async function pythonClients(python: string): Promise<MatrixClient[]> {
  const { stdout: version } = await execa(python, [PROGRAM, '--version']);
  const hasEraOption = !version.startsWith('1.');
  // Told the revision it sends no `server/discover`. Over SSE it fails on the first list that lacks the fields of the new
  // revision, or on the first tool that must ask a client whose capabilities nobody has learnt.
  const refusal = /validation errors? for|does not offer elicitation|do not declare the required capability|Unsupported protocol version/;
  const common = { name: 'Python', version, hasEraOption, answersQuestions: true, asksFirst: false, refusal };
  return ERAS.filter((era) => hasEraOption || era === 'legacy').map((era) => ({
    ...common,
    era,
    async visit(there: Visit): Promise<Outcome> {
      const input = JSON.stringify({ ...there, era, revision: NEW_REVISION, answers: ANSWERS, seconds: VISIT_MS / 1000 });
      const { stdout } = await execa(python, [PROGRAM], { input, timeout: 2 * VISIT_MS });
      const outcome = JSON.parse(stdout) as Outcome & { error?: string };
      if (outcome.error !== undefined) throw new Error(outcome.error);
      return outcome;
    },
  }));
}
