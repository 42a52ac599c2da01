// The inspector of the matrix, by its command line: one process for each operation, and nobody there to be asked.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { ERAS, type Era, type MatrixClient, type Outcome, VISIT_MS, type Visit } from './subject.ts';

const VERSION = '2.12.0';
const PACKAGE = '@modelcontextprotocol/inspector';

/** Installs it, unless it is there already. @returns the client, with each setting of its option */
export async function inspectorClients(cache: string): Promise<MatrixClient[]> {
  const folder = join(cache, `inspector-${VERSION}`);
  const program = join(folder, 'node_modules', '.bin', 'mcp-inspector');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    await execa('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', `${PACKAGE}@${VERSION}`]);
  }
  const common = { name: 'inspector', version: VERSION, hasEraOption: true, answersQuestions: false, asksFirst: true };
  const refusal = /did not offer pinned protocol version/;
  return ERAS.map((era) => ({ ...common, refusal, era, visit: (there: Visit) => visit(runner(program, folder, era, there), there) }));
}

type Run = (...args: string[]) => Promise<unknown>;

function runner(program: string, home: string, era: Era, { url, transport }: Visit): Run {
  const fixed = ['--cli', url, '--transport', transport, '--protocol-era', era, '--format', 'json', '--quiet'];
  return async (...args) => {
    // It keeps a catalog in the home folder, which is nobody's business here.
    const env = { HOME: home, USERPROFILE: home };
    const { stdout, stderr } = await execa(process.execPath, [program, ...fixed, ...args], { env, reject: false, timeout: VISIT_MS });
    const { result, error } = parse(stdout) ?? parse(stderr) ?? {};
    if (result === undefined) throw new Error(error?.message ?? `it printed no result: ${stdout}${stderr}`);
    return result;
  };
}

function parse(text: string): { result?: unknown; error?: { message: string } } | undefined {
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

async function visit(run: Run, { calls }: Visit): Promise<Outcome> {
  const { protocolVersion } = (await run('--method', 'initialize')) as { protocolVersion: string };
  const { tools } = (await run('--method', 'tools/list')) as { tools: ReadonlyArray<{ name: string }> };
  const texts: string[] = [];
  for (const { name, arguments: given } of calls) {
    const args = ['--tool-name', name, '--tool-args-json', JSON.stringify(given)];
    const { content } = (await run('--method', 'tools/call', ...args)) as { content: ReadonlyArray<{ text?: string }> };
    texts.push(content[0]?.text ?? 'no text');
  }
  return { revision: protocolVersion, tools: tools.map(({ name }) => name), texts };
}
