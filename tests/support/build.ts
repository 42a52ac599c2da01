import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Vitest's global setup: tests of the command line run the built program, so it must not be older than the sources. */
export function setup(): void {
  const built = oldestProgram();
  const sources = ['src', 'wrappers'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }));
  if (sources.every((entry) => modifiedAt(join(entry.parentPath, entry.name)) < built)) return;
  const { stdout } = spawnSync('npm', ['run', 'build'], { cwd: ROOT, encoding: 'utf8' });
  // A type error is for the type checker to report; the compiler writes the program all the same.
  if (oldestProgram() === built) throw new Error(`npm run build failed:\n${stdout}`);
}

/** When the older of the two builds was made: hearth's own, and the wrappers'. */
function oldestProgram(): number {
  return Math.min(...['main.js', 'wrappers/memory/main.js'].map((file) => modifiedAt(join(ROOT, 'dist', file))));
}

/** 0 when there is no such file, so that everything is newer. */
function modifiedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
