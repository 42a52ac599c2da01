import { writeFileSync } from 'node:fs';
import { compose, docker } from './compose.js';

/** Builds and starts the whole project, as its users do, and takes it away with its volumes at the end. */
export async function setup(): Promise<void> {
  await docker('info').catch((error) => {
    throw new Error('these tests need a Docker daemon, and none answers here', { cause: error });
  });
  writeFileSync(new URL('key.txt', import.meta.url), 'right-key\n', { mode: 0o644 });
  await docker('build', '-q', '-t', 'hearth-test/github-server', 'tests/e2e/containers/github');
  await compose('down', '-v', '--remove-orphans', '--timeout', '5');
  await compose('up', '-d', '--wait', '--build');
}

export async function teardown(): Promise<void> {
  if (process.env.HEARTH_KEEP !== '1') await compose('down', '-v', '--remove-orphans');
}
