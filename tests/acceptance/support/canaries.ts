import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileStore } from '../../../src/secrets/file-store.js';
import { newKeyText } from '../../../src/secrets/master-key.js';
import type { TempFolder } from '../../support/temp.js';

export const LEAKY = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'fixtures', 'leaky.mjs');

/** One for each way that a secret can come in. Odd characters make the encoded forms differ. */
export const CANARY = {
  env: 'canary-env-a"b/c\\d é&1',
  file: 'canary-file-2 x+y=z?',
  mounted: 'canary-mounted-3/%41',
  store: 'canary-store-4~!*()',
  plain: 'canary-plain-5,6;7',
  arg: 'canary-arg-8#9',
  header: 'canary-header-10',
  url: 'canary-url-11',
  password: 'canary-password-12',
  client: 'canary-client-13',
  apiKey: 'canary-api-key-of-16-characters',
  argument: 'canary-argument-14',
} as const;

/** Every form of a canary that must not be found. The two halves of it would help a thief as well. */
export function tracesOf(text: string, more: readonly string[] = []): string[] {
  const forms = [...Object.values(CANARY), ...more].flatMap((value) => [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    Buffer.from(value).toString('base64').slice(0, -4),
    Buffer.from(`user:${value}`).toString('base64').slice(8, -4),
  ]);
  return [...new Set([...forms.filter((form) => text.includes(form)), ...(text.match(/canary-?\w{0,6}/g) ?? [])])];
}

export interface Refuser extends AsyncDisposable {
  readonly port: number;
}

/** A remote server that answers every request with what it was sent: in headers, in the body, and as a JSON-RPC error. */
export async function refuser(): Promise<Refuser> {
  const listener: RequestListener = (req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    req.on('end', () => {
      const { id = null } = body === '' ? {} : (JSON.parse(body) as { id?: unknown });
      const message = `refused ${req.url} with ${JSON.stringify(req.headers)}`;
      const headers = { 'WWW-Authenticate': `Bearer error="${req.headers.authorization}"`, 'Content-Type': 'application/json' };
      const isError = req.url?.startsWith('/error') === true && req.method === 'POST';
      res
        .writeHead(isError ? 200 : 401, headers)
        .end(JSON.stringify(isError ? { jsonrpc: '2.0', id, error: { code: -32001, message } } : { message }));
    });
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A config with a canary in every place, and the environment that goes with it. */
export async function plant(folder: TempFolder, port: number): Promise<{ config: string; env: Record<string, string>; key: string }> {
  const key = newKeyText();
  const env = {
    HEARTH_SECRETS_KEY: key,
    API_TOKEN: CANARY.env,
    FROM_FILE_FILE: folder.write('from-file', `${CANARY.file}\n`),
    HEARTH_API_KEY_FILE: folder.write('keys', `${CANARY.apiKey}\n`),
  };
  folder.write('MOUNTED', `${CANARY.mounted}\n`);
  await FileStore.from(folder.file('store'), {}, env).set('STORED', CANARY.store);
  const q = JSON.stringify;
  const leaks = `LEAK_A: "\${API_TOKEN}", LEAK_B: "\${FROM_FILE}", LEAK_C: "\${secret:MOUNTED}", LEAK_D: "\${secret:STORED}", LEAK_KEY: ${q(CANARY.plain)}`;
  const leaky = `command: ${q(process.execPath)}, args: [${q(LEAKY)}], backoffMin: 20, maxRestarts: 1`;
  const config = `
secrets: {backend: file, dir: ${q(folder.path)}, file: {path: ${q(folder.file('store'))}}}
servers:
  leaky: {command: ${q(process.execPath)}, args: [${q(LEAKY)}, --api-key, ${q(CANARY.arg)}], backoffMin: 20, env: {${leaks}}}
  dying: {${leaky}, env: {LEAK: start, ${leaks}}}
  refusing: {${leaky}, env: {LEAK: initialize, ${leaks}}}
  keyed: {${leaky}, credentials: {LEAK_CLIENT: X-Client-Token}}
  missing: {command: ${q(`no-such-${CANARY.plain}`)}, maxRestarts: 1, backoffMin: 20}
  remote: {url: "http://u:${CANARY.password}@127.0.0.1:${port}/mcp?token=${CANARY.url}", headers: {Authorization: Bearer ${CANARY.header}}}
  error: {url: "http://127.0.0.1:${port}/error?token=${CANARY.url}", headers: {X-Any: ${CANARY.header}}}
  sse: {url: "http://127.0.0.1:${port}/sse?token=${CANARY.url}", headers: {Authorization: Bearer ${CANARY.header}}}
  gone: {url: "http://u:${CANARY.password}@127.0.0.1:64998/mcp?token=${CANARY.url}", headers: {Authorization: Bearer ${CANARY.header}}}
`;
  return { config: folder.write('hearth.yaml', config), env, key };
}
