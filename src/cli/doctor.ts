import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { App } from '../app.js';
import type { ServerConfig } from '../config/schema.js';
import { reasonOf } from '../errors.js';
import type { ReportedServer } from '../http/reports.js';
import { inspectLitellm } from '../litellm/inspect.js';
import { unreachable } from '../litellm/reach.js';
import { silentLog } from '../telemetry/log.js';
import type { Redactor } from '../telemetry/redactor.js';
import { VERSION } from '../version.js';
import { binFolders } from './bin-folders.js';
import { ensureDataFolder, findConfig } from './config-file.js';
import { EXIT, ExitError } from './exit.js';
import { addLogOptions } from './options.js';
import { EMBEDDED } from './standard-services.js';

const POLL_MS = 50;

/** `hearth doctor [-c FILE] [--litellm FILE]` */
export function doctorCommand(redactor: Redactor): Command {
  const command = new Command('doctor')
    .summary('start each server once and say what is wrong')
    .description('Starts each server of a config once, lists its tools, and says what is missing. With --litellm it checks a LiteLLM config instead.')
    .option('-c, --config <file>', 'config file (default: hearth.yaml here, else the embedded default)')
    .option('--litellm <file>', 'a LiteLLM config whose MCP servers are to be checked');
  return addLogOptions(command).action(async ({ config, litellm }: { config?: string; litellm?: string }) => {
    const problems = litellm === undefined ? await examineServers(config, redactor) : await examineLitellm(litellm);
    if (problems > 0) throw new ExitError(EXIT.failed, '');
  });
}

/** @returns how many servers do not work */
async function examineServers(file: string | undefined, redactor: Redactor): Promise<number> {
  const { config, source, leftOut = [] } = await findConfig(file, redactor);
  if (source === EMBEDDED) ensureDataFolder();
  say(`${source}: ${Object.keys(config.servers).length} server(s)`);
  const app = new App({
    config: { ...config, listen: { host: '127.0.0.1', port: 0 } },
    version: VERSION,
    extraPath: binFolders(),
    log: silentLog,
    redactor,
  });
  try {
    await app.start();
    const results = await Promise.all(app.servers.map((server) => examine(server, config.servers[server.router.name])));
    for (const { name, needs } of leftOut) say(`  left out ${name}: ${needs.join('; ')}`);
    return results.filter((works) => !works).length;
  } finally {
    await app.stop();
  }
}

async function examine({ router, health }: ReportedServer, server: ServerConfig | undefined): Promise<boolean> {
  const deadline = performance.now() + (server?.startTimeout ?? 0) + (server?.check?.timeout ?? 0);
  const isUnderWay = (): boolean => (router.ready ? health.checking : router.starting && health.problem?.stage !== 'dependency');
  while (isUnderWay() && performance.now() < deadline) await delay(POLL_MS);
  const { problem } = health;
  if (!problem) {
    const checked = server?.check ? `, ${server.check.tool} works` : '';
    say(`  ok      ${router.name}: ${router.catalog.get('tools').length} tools, ${router.handshake?.protocolVersion ?? 'not started yet'}${checked}`);
    return true;
  }
  const { children } = router.report() as { children: Array<{ error?: string; lastWords?: string }> };
  const isChild = problem.stage === 'process' || problem.stage === 'handshake';
  say(`  failed  ${router.name}: ${(isChild && children[0]?.error) || problem.message} (${problem.stage})`);
  if (isChild && children[0]?.lastWords) say(`          it said: ${children[0].lastWords}`);
  return false;
}

/** @returns how many errors the file has */
async function examineLitellm(file: string): Promise<number> {
  const { findings, servers } = inspectLitellm(read(file));
  const place = (line: number | undefined): string => (line === undefined ? file : `${file}:${line}`);
  for (const { line, level, message } of findings) say(`${place(line)}: ${level}: ${message}`);
  const reached = await Promise.all(servers.map(async (server) => ({ server, why: await unreachable(server) })));
  for (const { server, why } of reached) {
    say(
      `${place(server.line)}: ${why === undefined ? 'ok' : 'error'}: "${server.name}" at ${server.url}${why === undefined ? ' answers' : ` cannot be reached: ${why}`}`,
    );
  }
  return findings.filter(({ level }) => level === 'error').length + reached.filter(({ why }) => why !== undefined).length;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ExitError(EXIT.usage, `${file} cannot be read: ${reasonOf(error)}`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
