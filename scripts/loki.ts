// Builds a real Loki and a real Promtail from their Go module for tests/e2e/loki, and prints the folder of the two
// programs, as HEARTH_LOKI wants it. Opt-in: it takes minutes and some gigabytes of Go's caches. What was built is kept.
// Where that is not possible, as without Go, it says so and prints nothing.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** The newest version whose sources still hold Promtail. */
const VERSION = 'v3.6.3';
const MODULE = 'github.com/grafana/loki/v3';
const PROGRAMS = { loki: 'cmd/loki', promtail: 'clients/cmd/promtail' };
const BUILD_MS = 1_800_000;
const folder = fileURLToPath(new URL(`../.cache/loki-${VERSION}`, import.meta.url));

try {
  if (!existsSync(join(folder, 'complete'))) await build();
  console.log(folder);
} catch (error) {
  const [reason] = String((error as { shortMessage?: string }).shortMessage ?? error).split('\n');
  console.error(`Loki and Promtail cannot be built here, so that their tests are skipped: ${reason}`);
}

/** In a module of its own with Loki's own requirements: `go install` refuses a module that replaces others. */
async function build(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const run = (...args: string[]) => execa('go', args, { cwd: folder, env: { GOFLAGS: '-mod=mod', GOWORK: 'off' }, timeout: BUILD_MS });
  writeFileSync(join(folder, 'go.mod'), 'module scratch\n');
  const { stdout } = await run('mod', 'download', '-json', `${MODULE}@${VERSION}`);
  const { Dir: sources } = JSON.parse(stdout) as { Dir: string };
  const pins = readFileSync(join(sources, 'go.mod'), 'utf8')
    .replace(/^module .*$/m, 'module scratch')
    .replace(/^replace \S+ => \.\/.*$/gm, ''); // a folder beside it, which is a module of its own too
  writeFileSync(join(folder, 'go.mod'), `${pins}\nrequire ${MODULE} ${VERSION}\n`);
  copyFileSync(join(sources, 'go.sum'), join(folder, 'go.sum'));
  for (const [name, path] of Object.entries(PROGRAMS)) {
    console.error(`building ${name} ${VERSION}; this takes some minutes`);
    await run('build', '-ldflags', '-s -w', '-o', join(folder, name), `${MODULE}/${path}`);
  }
  writeFileSync(join(folder, 'complete'), '');
}
