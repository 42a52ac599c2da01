// Makes the environments of the matrix' Python clients and prints their interpreters, as HEARTH_PYTHON wants them. Where
// that is not possible, as without a registry, it says so and prints nothing.
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preparePythons } from './lib/matrix/python.ts';

try {
  console.log((await preparePythons(fileURLToPath(new URL('../.cache/hearth-matrix', import.meta.url)))).join(delimiter));
} catch (error) {
  const [reason] = String((error as { shortMessage?: string }).shortMessage ?? error).split('\n');
  console.error(`The Python clients cannot be installed here, so that their tests are skipped: ${reason}`);
}
