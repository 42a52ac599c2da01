// Makes the environment of a real LiteLLM proxy for tests/e2e/litellm and prints its program, as HEARTH_LITELLM wants it.
// Where that is not possible, as without a registry, it says so and prints nothing.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const VERSION = '1.106.2';
const INSTALL_MS = 600_000;
const folder = fileURLToPath(new URL(`../.cache/litellm-${VERSION}`, import.meta.url));
const program = join(folder, 'bin', 'litellm');

try {
  if (!existsSync(join(folder, 'complete'))) await install();
  console.log(program);
} catch (error) {
  const [reason] = String((error as { shortMessage?: string }).shortMessage ?? error).split('\n');
  console.error(`LiteLLM cannot be installed here, so that its tests are skipped: ${reason}`);
}

/** `prisma` too: without it a request with no key is an internal error. */
async function install(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await execa('python3', ['-m', 'venv', folder], { timeout: INSTALL_MS });
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--retries', '1', '--timeout', '15'];
  await execa(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', ...quiet, `litellm[proxy]==${VERSION}`, 'prisma'], { timeout: INSTALL_MS });
  await execa('touch', [join(folder, 'complete')]);
}
