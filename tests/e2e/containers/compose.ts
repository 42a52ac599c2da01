import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { connectV1, type Peer } from '../../acceptance/support/peers.js';
import { until } from '../../support/app.js';
import type { Json } from '../../support/raw-client.js';

export const NINE = ['filesystem', 'monitoring', 'memory', 'fetch', 'postgres', 'github', 'n8n', 'playwright', 'timescaledb'];
/** Why the tests are skipped; undefined where they run. They take minutes and a Docker daemon, so they are asked for. */
export const SKIPPED = process.env.HEARTH_DOCKER === '1' ? undefined : 'skipped without HEARTH_DOCKER=1 (npm run test:containers)';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FILES = ['compose/compose.yaml', 'compose/litellm.yaml', 'tests/e2e/containers/compose.yaml'].flatMap((file) => ['-f', file]);
const ENV = {
  HEARTH_TAG: 'test',
  COMPOSE_PROFILES: 'github,n8n',
  GITHUB_IMAGE: 'hearth-test/github-server',
  LITELLM_IMAGE: 'hearth-test/litellm',
  GITHUB_TOKEN_FILE: '../tests/e2e/containers/key.txt',
  N8N_API_KEY_FILE: '../tests/e2e/containers/key.txt',
};
/** Long enough for a check that failed to be made again, and for Docker to notice. */
const RECOVERY_MS = 120_000;

export async function docker(...args: string[]): Promise<string> {
  return (await execa('docker', args, { cwd: ROOT, env: ENV, all: true })).stdout;
}

export function compose(...args: string[]): Promise<string> {
  return docker('compose', '-p', 'hearth-test', ...FILES, ...args);
}

/** Id of a service's container. */
export const idOf = (service: string): Promise<string> => compose('ps', '-aq', service);

/** Where a service's port is published: Docker picks another one whenever the container starts. */
export async function urlOf(service: string): Promise<string> {
  return `http://${await compose('port', service, '8080')}`;
}

/** An official client over SSE. */
export async function connect(service: string): Promise<Peer> {
  return connectV1({ kind: 'sse', url: `${await urlOf(service)}/sse` });
}

export interface Answer {
  readonly content: readonly Json[];
  readonly isError?: boolean;
}

/** One call in a session of its own. */
export async function call(service: string, tool: string, args: Json = {}): Promise<Answer> {
  await using peer = await connect(service);
  return (await peer.callTool(tool, args)) as Answer;
}

/** The texts of a call's answer. */
export async function text(service: string, tool: string, args: Json = {}): Promise<string> {
  return textOf(await call(service, tool, args));
}

export function textOf({ content }: Answer): string {
  return content.map((part) => part.text ?? '').join('\n');
}

interface State {
  readonly ready: boolean;
  readonly problem?: { readonly stage: string; readonly message: string };
}

/** What a service's wrapper says of its server; undefined while it does not answer. */
async function stateOf(service: string): Promise<State | undefined> {
  try {
    const response = await fetch(`${await urlOf(service)}/health`);
    return ((await response.json()) as { servers: State[] }).servers[0];
  } catch {
    return undefined;
  }
}

/** Waits until a service says that it cannot do its work. @returns what it says */
export async function problemOf(service: string, stage: string): Promise<string> {
  let state: State | undefined;
  await until(async () => {
    state = await stateOf(service);
    return state?.ready === false && state.problem?.stage === stage;
  }, RECOVERY_MS);
  return state?.problem?.message ?? '';
}

/** Has a service's wrapper look again now: a check that went well is not due for minutes. */
export async function lookAgain(service: string): Promise<void> {
  await fetch(`${await urlOf(service)}/servers/${service.replace('mcp-', '')}/reset`, { method: 'POST' });
}

export async function untilReady(...services: string[]): Promise<void> {
  for (const service of services) await until(async () => (await stateOf(service))?.ready === true, RECOVERY_MS);
}
