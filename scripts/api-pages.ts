// Writes docs/api/<service>.md from the live list of each service's tools, with the output of a real call.
//
//   npm run docs:api                                   services whose programs are installed, started here
//   npm run docs:api -- fetch=http://127.0.0.1:8504    services that run somewhere, in containers for instance
//
// With --check it writes nothing, and fails when a list differs from its page. Needs `npm run build` first.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiPage, checkedPart, emptyPage, type ListedTool } from './lib/api-page.ts';
import { HearthProcess } from './lib/hearth.ts';

const built = new URL('../dist/', import.meta.url).href;
const { readService } = (await import(`${built}config/services.js`)) as typeof import('../src/config/services.js');
const { standardServices } = (await import(`${built}config/embedded.js`)) as typeof import('../src/config/embedded.js');
const { withClient } = (await import(`${built}cli/client.js`)) as typeof import('../src/cli/client.js');
const { isInstalled } = (await import(`${built}cli/installed.js`)) as typeof import('../src/cli/installed.js');

const FOLDER = new URL('../docs/api/', import.meta.url);
const LONGEST_OUTPUT = 2_000;

const isCheck = process.argv.includes('--check');
const running = new Map(
  process.argv.slice(2).flatMap((word) => (word.includes('=') ? [[word.split('=', 1)[0] ?? '', word.slice(word.indexOf('=') + 1)]] : [])),
);
mkdirSync(FOLDER, { recursive: true });
for (const name of running.size > 0 ? running.keys() : standardServices()) await document(name);

async function document(name: string): Promise<void> {
  const url = running.get(name);
  if (url !== undefined) return write(name, url);
  const service = readService(name);
  const command = String(service.server.command);
  if (!command.startsWith('hearth-') && !isInstalled(command)) {
    console.log(`${name}: left alone, ${command} is not installed`);
    const file = new URL(`${name}.md`, FOLDER);
    if (!existsSync(file) && !isCheck) writeFileSync(file, emptyPage(name, service));
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'hearth-api-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'hello.txt'), 'hello');
  // To list tools no backend is needed: what is required is named, and need not be there.
  const needed = Object.entries(service.env).flatMap(([variable, { required }]) =>
    required && !process.env[variable] ? [[variable, 'postgres://127.0.0.1:1/none']] : [],
  );
  const env = { FILESYSTEM_ROOT: data, MEMORY_DIR: join(folder, 'memory'), ...Object.fromEntries(needed) };
  const entry = { service: name, env, ...(needed.length > 0 && { dependsOn: {}, check: { tool: 'none', interval: '24d' } }) };
  const hearth = await HearthProcess.start({ servers: { [name]: entry } }, folder, { awaitReady: false });
  try {
    await write(name, hearth.url, needed.length > 0, data);
  } finally {
    await hearth.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function write(name: string, url: string, isBare = false, folder = '/data'): Promise<void> {
  const service = readService(name);
  const file = new URL(`${name}.md`, FOLDER);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const page = await withClient(url, {}, async (client) => {
    const { tools } = await client.listTools();
    const { example } = service;
    const shown = example && !isBare && !isCheck ? { ...example, output: await outputOf(client, example, folder) } : undefined;
    return apiPage({ name, service, tools: tools as ListedTool[], example: shown });
  });
  const isFresh = checkedPart(before) === checkedPart(page);
  if (!isCheck) writeFileSync(file, page);
  else if (!isFresh) process.exitCode = 1;
  console.log(`${name}: ${isFresh ? 'fresh' : isCheck ? 'STALE; run: npm run build && npm run docs:api' : 'written'}`);
}

type Client = Parameters<Parameters<typeof withClient>[2]>[0];

async function outputOf(client: Client, { tool, args }: { tool: string; args: Record<string, unknown> }, folder: string): Promise<string> {
  const text = JSON.stringify(args).replaceAll('/data', folder);
  const { content } = await client.callTool({ name: tool, arguments: JSON.parse(text) as Record<string, unknown> });
  const output = content.map((part) => (part.type === 'text' ? part.text : `(${part.type})`)).join('\n');
  const whole = output.replaceAll(folder, '/data');
  return whole.length > LONGEST_OUTPUT ? `${whole.slice(0, LONGEST_OUTPUT)}\n…` : whole;
}
