import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort } from '../../../scripts/lib/free-port.js';
import { until } from '../../support/app.js';
import type { Json } from '../../support/raw-client.js';
import { TempFolder } from '../../support/temp.js';

/** The program of a LiteLLM that is installed here; scripts/litellm.ts prepares one. */
export const LITELLM = process.env.HEARTH_LITELLM;
export const KEY = 'sk-hearth-tests';
const START_MS = 90_000;

/** The process of LiteLLM. */
interface Running extends Promise<{ readonly exitCode?: number | undefined }> {
  kill(signal: NodeJS.Signals): boolean;
}

/** A real LiteLLM proxy, as its own process. */
export class LiteLlm implements AsyncDisposable {
  private constructor(
    readonly url: string,
    private readonly config: string,
    private readonly upstream: string,
    private readonly folder: TempFolder,
    private process: Running,
  ) {}

  /**
   * @param config   as `hearth litellm` prints it
   * @param upstream base URL of an OpenAI-compatible server
   */
  static async start(config: string, upstream = 'http://127.0.0.1:9/v1'): Promise<LiteLlm> {
    const folder = new TempFolder();
    const file = join(folder.path, 'litellm.yaml');
    writeFileSync(file, config);
    const port = await freePort();
    const proxy = new LiteLlm(`http://127.0.0.1:${port}`, file, upstream, folder, run(file, port, upstream));
    await proxy.#untilAlive();
    return proxy;
  }

  /** Ends the process hard and starts another one on the same port. */
  async restart(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.catch(() => {});
    this.process = run(this.config, Number(new URL(this.url).port), this.upstream);
    await this.#untilAlive();
  }

  request(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    return fetch(this.url + path, {
      headers,
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }

  async tools(): Promise<Json[]> {
    return ((await (await this.request('/v1/mcp/tools')).json()) as { tools: Json[] }).tools;
  }

  /** Calls a tool by the REST path. @returns the result, or the body of an error with its status */
  async call(server: string, name: string, args: Json = {}): Promise<Json & { status: number }> {
    const response = await this.request('/mcp-rest/tools/call', { server_id: server, name, arguments: args });
    return { ...((await response.json()) as Json), status: response.status };
  }

  /** The text of a call's first content block, or what it failed with. */
  async text(server: string, name: string, args: Json = {}): Promise<string> {
    const { content, detail } = await this.call(server, name, args);
    return ((content as Json[] | undefined)?.[0]?.text as string | undefined) ?? JSON.stringify(detail);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.catch(() => {});
    this.folder[Symbol.dispose]();
  }

  async #untilAlive(): Promise<void> {
    const alive = async (): Promise<boolean> => (await fetch(`${this.url}/health/liveliness`).catch(() => undefined))?.ok === true;
    await Promise.race([until(alive, START_MS), this.process.then(({ exitCode }) => Promise.reject(new Error(`LiteLLM ended with ${exitCode}`)))]);
  }
}

function run(file: string, port: number, upstream: string): Running {
  const env = {
    LITELLM_LOCAL_MODEL_COST_MAP: 'True', // nothing is fetched from outside
    LITELLM_MASTER_KEY: KEY,
    OPENAI_API_BASE: upstream,
    OPENAI_API_KEY: 'none',
  };
  const args = ['--config', file, '--port', String(port), '--host', '127.0.0.1'];
  return execa(LITELLM as string, args, { env, stdio: 'ignore', reject: false, cleanup: true });
}
