import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const FIXTURE = join(ROOT, 'tests', 'fixtures', 'server.mjs');

export interface StartOptions {
  readonly program?: string;
  readonly awaitReady?: boolean;
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A hearth in a process of its own, started from a config and ended by its id. */
export class HearthProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /**
   * @param config hearth's configuration
   * @param folder where the config and the log are kept
   * @param options the program, if it is not the built one, whether to wait until it is ready, and variables for it
   */
  static async start(
    config: object,
    folder: string,
    { program = join(ROOT, 'dist', 'main.js'), awaitReady = true, env = {} }: StartOptions = {},
  ): Promise<HearthProcess> {
    const file = join(folder, 'hearth.json');
    writeFileSync(file, JSON.stringify(config, null, 2));
    const args = [program, 'serve', '-c', file, '--port', '0', '--log-format', 'json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    const log = createWriteStream(join(folder, 'hearth.log'));
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`hearth ended with code ${code}; its log is in ${folder}`)));
      lines.on('line', (line) => {
        log.write(`${line}\n`);
        const record = JSON.parse(line) as { event?: string; url?: string };
        if (record.event === 'listening' && record.url) resolve(record.url);
      });
    });
    while (awaitReady && !(await fetch(`${url}/health/ready`)).ok) await new Promise((resolve) => setTimeout(resolve, 50));
    return new HearthProcess(url, child);
  }

  /** @returns the exit code */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    this.#child.kill('SIGTERM');
    const [code] = (await once(this.#child, 'exit')) as [number | null];
    return code;
  }
}

/** Sum of a metric's samples whose labels contain the given text. */
export function metricOf(text: string, name: string, labels = ''): number {
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
