// The official TypeScript clients of the matrix: 1.x, which knows only the old era, and 2.x, which can be told the era.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2, SSEClientTransport as SseV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SseV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CallToolResultSchema, CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { ANSWERS, type Call, ERAS, type Era, type MatrixClient, NEW_REVISION, type Outcome, VISIT_MS, type Visit } from './subject.ts';

const require = createRequire(import.meta.url);
const INFO = { name: 'client-matrix', version: '1.0.0' };
const CAPABILITIES = { capabilities: { sampling: {}, elicitation: { form: {} } } };
const LIMIT = { timeout: VISIT_MS };

const elicited = () => ({ action: 'accept' as const, content: ANSWERS.elicited });
const sampled = () => ({ model: 'none', role: 'assistant' as const, content: { type: 'text' as const, text: ANSWERS.sampled } });

/** What both clients have in common once they are connected. */
interface Connected {
  readonly revision: string | undefined;
  listTools(): Promise<{ tools: ReadonlyArray<{ name: string }> }>;
  callTool(call: Call): Promise<unknown>;
}

async function use({ revision = 'none', listTools, callTool }: Connected, { calls }: Visit): Promise<Outcome> {
  const { tools } = await listTools();
  const texts: string[] = [];
  for (const call of calls) {
    const { content } = (await callTool(call)) as { content: ReadonlyArray<{ text?: string }> };
    texts.push(content[0]?.text ?? 'no text');
  }
  return { revision, tools: tools.map(({ name }) => name), texts };
}

async function visitV1(visit: Visit): Promise<Outcome> {
  const url = new URL(visit.url);
  const transport = visit.transport === 'sse' ? new SseV1(url) : new HttpV1(url);
  // The client tells the revision to its transport and to nobody else.
  let revision: string | undefined;
  const tell = transport.setProtocolVersion.bind(transport);
  transport.setProtocolVersion = (version) => {
    revision = version;
    tell(version);
  };
  const client = new ClientV1(INFO, CAPABILITIES);
  client.setRequestHandler(CreateMessageRequestSchema, sampled);
  client.setRequestHandler(ElicitRequestSchema, elicited);
  try {
    await client.connect(transport as Parameters<typeof client.connect>[0], LIMIT);
    const callTool = (call: Call) => client.callTool(call, CallToolResultSchema, LIMIT);
    return await use({ revision, listTools: () => client.listTools(undefined, LIMIT), callTool }, visit);
  } finally {
    if (transport instanceof HttpV1) await transport.terminateSession();
    await client.close();
  }
}

async function visitV2(era: Era, visit: Visit): Promise<Outcome> {
  const url = new URL(visit.url);
  const transport = visit.transport === 'sse' ? new SseV2(url) : new HttpV2(url);
  const mode = era === 'modern' ? { pin: NEW_REVISION } : era;
  const client = new ClientV2(INFO, { ...CAPABILITIES, versionNegotiation: { mode } });
  client.setRequestHandler('sampling/createMessage', sampled);
  client.setRequestHandler('elicitation/create', elicited);
  try {
    await client.connect(transport, LIMIT);
    const callTool = (call: Call) => client.callTool(call, LIMIT);
    const revision = client.getNegotiatedProtocolVersion();
    return await use({ revision, listTools: () => client.listTools(undefined, LIMIT), callTool }, visit);
  } finally {
    if (transport instanceof HttpV2) await transport.terminateSession();
    await client.close();
  }
}

/** The version in the package.json above a package's main file, which the package may not export. */
function versionOf(name: string, entry: string): string {
  for (let folder = dirname(require.resolve(entry)); ; folder = dirname(folder)) {
    try {
      const found = require(join(folder, 'package.json')) as { name?: string; version?: string };
      if (found.name === name && found.version) return found.version;
    } catch {
      if (folder === dirname(folder)) throw new Error(`${name} is not installed`);
    }
  }
}

export function officialClients(): MatrixClient[] {
  const common = { answersQuestions: true, asksFirst: true, refusal: /did not offer pinned protocol version/ };
  const first = { name: 'official 1.x', version: versionOf('@modelcontextprotocol/sdk', '@modelcontextprotocol/sdk/types.js') };
  const second = { name: 'official 2.x', version: versionOf('@modelcontextprotocol/client', '@modelcontextprotocol/client') };
  return [
    { ...common, ...first, era: 'legacy', hasEraOption: false, visit: visitV1 },
    ...ERAS.map((era) => ({ ...common, ...second, era, hasEraOption: true, visit: (there: Visit) => visitV2(era, there) })),
  ];
}
