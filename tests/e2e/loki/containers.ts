import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { FIXTURE } from '../../support/app.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const IMAGE = 'hearth-test-empty:local';

/** Whether there is a Docker daemon that this user may use. */
export async function hasDocker(): Promise<boolean> {
  const { exitCode } = await execa('docker', ['info'], { reject: false, timeout: 10_000 });
  return exitCode === 0;
}

/** Real containers without any base image: an empty one that sees this machine's programs and this checkout, to read. */
export class Containers implements AsyncDisposable {
  /** A label of this run's own, so that other containers of the machine stay out of it. */
  readonly run = `hearth.test=${randomUUID()}`;
  readonly #ids: string[] = [];

  /** @param command a program, by its path on this machine */
  async start(name: string, labels: Readonly<Record<string, string>>, command: readonly string[]): Promise<string> {
    await execa('bash', ['-c', `tar -C / -cf - bin lib lib64 | docker import - ${IMAGE}`]);
    const node = dirname(dirname(process.execPath));
    const mounts = ['/usr', ROOT, node].flatMap((path) => ['-v', `${path}:${path}:ro`]);
    const marks = [this.run, ...Object.entries(labels).map(([key, value]) => `${key}=${value}`)].flatMap((label) => ['--label', label]);
    const options = ['--rm', '-d', '--init', '--name', `${name}-${randomUUID().slice(0, 8)}`, '--tmpfs', '/tmp', '-p', '127.0.0.1::8080'];
    const { stdout } = await execa('docker', ['run', ...options, ...marks, ...mounts, IMAGE, ...command]);
    this.#ids.push(stdout.trim());
    return stdout.trim();
  }

  /** A wrapper in a container. @returns its base URL on this machine */
  async startWrapper(name: string, labels: Readonly<Record<string, string>>): Promise<string> {
    const command = [process.execPath, `${ROOT}/dist/main.js`, 'wrap', '--host', '0.0.0.0', '--port', '8080', '--', process.execPath, FIXTURE];
    const id = await this.start(name, labels, command);
    const { stdout } = await execa('docker', ['port', id, '8080']);
    return `http://${stdout.split('\n')[0]}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ids.length > 0) await execa('docker', ['rm', '-f', ...this.#ids], { reject: false });
  }
}
