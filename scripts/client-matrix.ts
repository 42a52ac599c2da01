// Sends the clients that people use to children of each era, over every transport, and writes the outcome to
// docs/protocol.md. Usage: node scripts/client-matrix.ts [--hearth dist/main.js] [--only NAME] [--dry-run]; --only runs the
// clients whose name begins so and, like --dry-run, writes nothing. Exit code 1 when a client fails. It installs what is
// missing into .cache/hearth-matrix.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { HearthProcess } from './lib/hearth.ts';
import { inspectorClients } from './lib/matrix/inspector.ts';
import { officialClients } from './lib/matrix/official.ts';
import { preparePythons, pythonClients } from './lib/matrix/python.ts';
import { CHILDREN, listDirectly, type MatrixClient, TARGETS, TRANSPORTS, visit } from './lib/matrix/subject.ts';
import { type Cell, tableOf, writeTable } from './lib/matrix/table.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, '.cache', 'hearth-matrix');

async function allClients(): Promise<MatrixClient[]> {
  const pythons = [];
  for (const python of await preparePythons(CACHE)) pythons.push(...(await pythonClients(python)));
  return [...(await inspectorClients(CACHE)), ...officialClients(), ...pythons];
}

async function cellsOf(clients: readonly MatrixClient[], hearth: string): Promise<Cell[]> {
  const tools = await listDirectly();
  const cells: Cell[] = [];
  for (const client of clients) {
    for (const transport of TRANSPORTS) {
      for (const target of TARGETS) {
        const place = { hearth, target, transport, tools: tools[target] };
        const cell = await visit(client, place).then(
          (revision) => ({ revision, problem: undefined }),
          (error: unknown) => ({ revision: undefined, problem: String(error) }),
        );
        cells.push({ client, transport, target, ...cell });
        const outcome = cell.problem === undefined ? (cell.revision ?? 'refused') : `failed: ${cell.problem}`;
        console.log(`${client.name} ${client.version} ${client.era}, ${transport}, ${target}: ${outcome}`);
      }
    }
  }
  return cells;
}

const { values } = parseArgs({
  options: {
    hearth: { type: 'string', default: join(ROOT, 'dist', 'main.js') },
    only: { type: 'string', default: '' },
    'dry-run': { type: 'boolean', default: false },
  },
});
const clients = (await allClients()).filter(({ name }) => name.toLowerCase().startsWith(values.only.toLowerCase()));
const folder = mkdtempSync(join(tmpdir(), 'hearth-matrix-'));
const hearth = await HearthProcess.start({ servers: CHILDREN }, folder, values.hearth === undefined ? {} : { program: values.hearth });
try {
  const cells = await cellsOf(clients, hearth.url);
  const failed = cells.filter(({ problem }) => problem !== undefined).length;
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  if (values.only === '' && !values['dry-run']) writeTable(join(ROOT, 'docs', 'protocol.md'), tableOf(clients, cells, version));
  console.log(`${cells.length - failed} of ${cells.length} visits as they should be`);
  if (failed > 0) process.exitCode = 1;
} finally {
  await hearth.stop();
  rmSync(folder, { recursive: true, force: true });
}
