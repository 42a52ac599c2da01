// Fails when a TypeScript file is longer than 300 lines, or when the files of src/ get long on the whole.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const MAX_LINES = 300;
const MAX_MEDIAN_OF_SRC = 90;

function lengthsIn(folder: string): Array<{ file: string; lines: number }> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.map((file) => ({ file: join(folder, file), lines: readFileSync(join(folder, file), 'utf8').split('\n').length - 1 }));
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

const src = lengthsIn('src');
const all = [...src, ...lengthsIn('wrappers'), ...lengthsIn('grafana'), ...lengthsIn('tests'), ...lengthsIn('scripts')];
const tooLong = all.filter(({ lines }) => lines > MAX_LINES);
const middle = median(src.map(({ lines }) => lines));

for (const { file, lines } of tooLong) console.error(`${file} has ${lines} lines; the limit is ${MAX_LINES}`);
if (middle > MAX_MEDIAN_OF_SRC) console.error(`the median file of src/ has ${middle} lines; the limit is ${MAX_MEDIAN_OF_SRC}`);
if (tooLong.length > 0 || middle > MAX_MEDIAN_OF_SRC) process.exitCode = 1;
else console.log(`${all.length} files, none above ${MAX_LINES} lines; the median of src/ is ${middle}`);
