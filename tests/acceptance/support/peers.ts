import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2, SSEClientTransport as SseV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SseV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

export type Way = { kind: 'stdio'; command: string; args: string[]; env: Record<string, string> } | { kind: 'sse' | 'http'; url: string };

/** Writes down the progress that a connected transport delivers, before the client sees it. */
function watchProgress(transport: { onmessage?: unknown }): unknown[] {
  const seen: unknown[] = [];
  const deliver = transport.onmessage as (message: { method?: string; params?: object }, ...rest: unknown[]) => void;
  transport.onmessage = (message: { method?: string; params?: object }, ...rest: unknown[]) => {
    if (message.method === 'notifications/progress') seen.push({ ...message.params, progressToken: undefined });
    deliver(message, ...rest);
  };
  return seen;
}

/** An official client, whichever version, behind one face. */
export interface Peer extends AsyncDisposable {
  readonly logs: unknown[];
  readonly updated: string[];
  /** Progress as it came over the transport: the clients themselves may drop what they read together with the reply. */
  readonly progress: unknown[];
  readonly serverInfo: unknown;
  listTools(): Promise<unknown>;
  callTool(
    name: string,
    args: Record<string, unknown>,
    options?: { onprogress?: (progress: unknown) => void; signal?: AbortSignal },
  ): Promise<unknown>;
  listResources(): Promise<unknown>;
  listResourceTemplates(): Promise<unknown>;
  readResource(uri: string): Promise<unknown>;
  subscribe(uri: string): Promise<unknown>;
  unsubscribe(uri: string): Promise<unknown>;
  listPrompts(): Promise<unknown>;
  getPrompt(name: string, args: Record<string, string>): Promise<unknown>;
  complete(params: Record<string, unknown>): Promise<unknown>;
  setLevel(level: 'debug' | 'error'): Promise<unknown>;
  ping(): Promise<unknown>;
}

const INFO = { name: 'acceptance', version: '1.0.0' };
export const CAPABILITIES = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
const ANSWERS = {
  sampling: { model: 'test-model', role: 'assistant' as const, content: { type: 'text' as const, text: 'sampled answer' } },
  elicitation: { action: 'accept' as const, content: { name: 'Ada Lovelace', check: true } },
  roots: { roots: [{ uri: 'file:///tmp', name: 'tmp' }] },
};
const LONG = { timeout: 90_000, resetTimeoutOnProgress: true };

export async function connectV1(way: Way, capabilities: object = CAPABILITIES): Promise<Peer> {
  const client = new ClientV1(INFO, { capabilities });
  const logs: unknown[] = [];
  const updated: string[] = [];
  if ('sampling' in capabilities) client.setRequestHandler(CreateMessageRequestSchema, () => ANSWERS.sampling);
  if ('elicitation' in capabilities) client.setRequestHandler(ElicitRequestSchema, () => ANSWERS.elicitation);
  if ('roots' in capabilities) client.setRequestHandler(ListRootsRequestSchema, () => ANSWERS.roots);
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logs.push(params));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri));
  const transport =
    way.kind === 'stdio'
      ? new StdioV1({ ...way, stderr: 'ignore' })
      : way.kind === 'sse'
        ? new SseV1(new URL(way.url))
        : new HttpV1(new URL(way.url));
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return {
    logs,
    updated,
    progress: watchProgress(transport),
    serverInfo: client.getServerVersion(),
    listTools: () => client.listTools(),
    callTool: (name, args, options) => client.callTool({ name, arguments: args }, CallToolResultSchema, { ...LONG, ...options }),
    listResources: () => client.listResources(),
    listResourceTemplates: () => client.listResourceTemplates(),
    readResource: (uri) => client.readResource({ uri }),
    subscribe: (uri) => client.subscribeResource({ uri }),
    unsubscribe: (uri) => client.unsubscribeResource({ uri }),
    listPrompts: () => client.listPrompts(),
    getPrompt: (name, args) => client.getPrompt({ name, arguments: args }),
    complete: (params) => client.complete(params as Parameters<typeof client.complete>[0]),
    setLevel: (level) => client.setLoggingLevel(level),
    ping: () => client.ping(),
    async [Symbol.asyncDispose]() {
      if (transport instanceof HttpV1) await transport.terminateSession();
      await client.close();
    },
  };
}

export async function connectV2(way: Way, capabilities: object = CAPABILITIES): Promise<Peer> {
  const client = new ClientV2(INFO, { capabilities });
  const logs: unknown[] = [];
  const updated: string[] = [];
  if ('sampling' in capabilities) client.setRequestHandler('sampling/createMessage', () => ANSWERS.sampling);
  if ('elicitation' in capabilities) client.setRequestHandler('elicitation/create', () => ANSWERS.elicitation);
  if ('roots' in capabilities) client.setRequestHandler('roots/list', () => ANSWERS.roots);
  client.setNotificationHandler('notifications/message', ({ params }) => void logs.push(params));
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updated.push(params.uri));
  const transport =
    way.kind === 'stdio'
      ? new StdioV2({ ...way, stderr: 'ignore' })
      : way.kind === 'sse'
        ? new SseV2(new URL(way.url))
        : new HttpV2(new URL(way.url));
  await client.connect(transport);
  return {
    logs,
    updated,
    progress: watchProgress(transport),
    serverInfo: client.getServerVersion(),
    listTools: () => client.listTools(),
    callTool: (name, args, options) => client.callTool({ name, arguments: args }, { ...LONG, ...options }),
    listResources: () => client.listResources(),
    listResourceTemplates: () => client.listResourceTemplates(),
    readResource: (uri) => client.readResource({ uri }),
    subscribe: (uri) => client.subscribeResource({ uri }),
    unsubscribe: (uri) => client.unsubscribeResource({ uri }),
    listPrompts: () => client.listPrompts(),
    getPrompt: (name, args) => client.getPrompt({ name, arguments: args }),
    complete: (params) => client.complete(params as Parameters<typeof client.complete>[0]),
    setLevel: (level) => client.setLoggingLevel(level),
    ping: () => client.ping(),
    async [Symbol.asyncDispose]() {
      if (transport instanceof HttpV2) await transport.terminateSession();
      await client.close();
    },
  };
}
