// Prints what the containers of the compose project hold at rest, as a table for docs/containers.md: `node scripts/footprint.ts [PROJECT]`.
// Each figure is the median of samples, as `docker stats` shows them: without the file cache that can be given back at once.
import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SAMPLES = 5;
const PAUSE_MS = 5_000;
const MIB = 2 ** 20;
const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: MIB, GiB: 2 ** 30 };

const project = process.argv[2] ?? 'hearth';
const docker = (...args: string[]): string[] => execFileSync('docker', args, { encoding: 'utf8' }).trim().split('\n').filter(Boolean);
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const known = docker('compose', '-f', fileURLToPath(new URL('../compose/compose.yaml', import.meta.url)), '--profile', '*', 'config', '--services');
const running = docker(
  'ps',
  '--filter',
  `label=com.docker.compose.project=${project}`,
  '--format',
  '{{.ID}} {{.Label "com.docker.compose.service"}}',
);
const containers = running.flatMap((line) => {
  const [id = '', service = ''] = line.split(' ');
  if (!known.includes(service)) return []; // of an overlay
  const [image = ''] = docker('inspect', '-f', '{{.Image}}', id);
  return [{ id, service, image: Number(docker('image', 'inspect', '-f', '{{.Size}}', image)[0]), memory: [] as number[], cpu: [] as number[] }];
});
if (containers.length === 0)
  throw new Error(`no container of the project ${project} runs; start it with "docker compose -f compose/compose.yaml up -d --wait"`);

for (let sample = 0; sample < SAMPLES; sample++) {
  if (sample > 0) await delay(PAUSE_MS);
  const rows = docker('stats', '--no-stream', '--format', '{{.ID}} {{.CPUPerc}} {{.MemUsage}}', ...containers.map(({ id }) => id));
  for (const row of rows) {
    const [, id = '', cpu = '', number = '', unit = ''] = /^(\S+) ([\d.]+)% ([\d.]+)([A-Za-z]+) /.exec(row) ?? [];
    const container = containers.find((each) => each.id.startsWith(id));
    container?.memory.push(Number(number) * (UNITS[unit] ?? 0));
    container?.cpu.push(Number(cpu));
  }
}

const sum = (of: (container: (typeof containers)[number]) => number): number => containers.reduce((total, each) => total + of(each), 0);
const line = (name: string, memory: number, cpu: number, image: string): string =>
  `| ${name} | ${Math.round(memory / MIB)} | ${cpu.toFixed(1)} | ${image} |`;
console.log('| container | memory, MiB | CPU, % of a core | image, MB |\n|---|---|---|---|');
for (const { service, memory, cpu, image } of containers.sort((a, b) => a.service.localeCompare(b.service))) {
  console.log(line(service, median(memory), median(cpu), String(Math.round(image / 1e6))));
}
console.log(
  line(
    '**sum**',
    sum((each) => median(each.memory)),
    sum((each) => median(each.cpu)),
    'layers are shared',
  ),
);
