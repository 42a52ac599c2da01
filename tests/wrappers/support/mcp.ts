import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const MEMORY = join(ROOT, 'dist', 'wrappers', 'memory', 'main.js');
export const TIMESCALEDB = join(ROOT, 'dist', 'wrappers', 'timescaledb', 'main.js');
export const REFERENCE = join(ROOT, 'node_modules', '@modelcontextprotocol', 'server-memory', 'dist', 'index.js');

export interface Result {
  readonly text: string;
  readonly data: Record<string, unknown> | undefined;
  readonly isError: boolean;
}

/** One server as a process of its own, with the official client. Dispose it with `await using`. */
export class McpProcess implements AsyncDisposable {
  readonly client: Client;
  readonly updated: string[] = [];
  stderr = '';
  readonly #transport: StdioClientTransport;

  private constructor(file: string, env: Record<string, string>, era: 'legacy' | 'auto') {
    this.client = new Client({ name: 'wrappers', version: '1.0.0' }, { versionNegotiation: { mode: era } });
    this.client.setNotificationHandler('notifications/resources/updated', ({ params }) => void this.updated.push(params.uri));
    const path = process.env.PATH ?? '';
    this.#transport = new StdioClientTransport({ command: process.execPath, args: [file], env: { PATH: path, ...env }, stderr: 'pipe' });
    this.#transport.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
  }

  static async start(file: string, env: Record<string, string>, era: 'legacy' | 'auto' = 'legacy'): Promise<McpProcess> {
    const started = new McpProcess(file, env, era);
    await started.client.connect(started.#transport);
    return started;
  }

  get pid(): number {
    return this.#transport.pid ?? 0;
  }

  async call(name: string, args: Record<string, unknown> = {}): Promise<Result> {
    const result = await this.client.callTool({ name, arguments: args }, { timeout: 60_000 });
    const [first] = result.content;
    return {
      text: first?.type === 'text' ? first.text : '',
      data: result.structuredContent as Record<string, unknown> | undefined,
      isError: result.isError === true,
    };
  }

  kill(): void {
    process.kill(this.pid, 'SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}
