// What the client matrix is about: children of each era behind one hearth, and what a client has to find there.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const FIXTURES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'tests', 'fixtures', 'conformance');
const child = (era: string) => ({ command: process.execPath, args: [join(FIXTURES, `${era}-era.mjs`)] });

/** A child that knows nothing newer than 2025-11-25, one that speaks both eras, and one that is only ever spoken to in the new one. */
export const CHILDREN = { old: child('old'), dual: child('dual'), modern: { ...child('dual'), era: 'modern' as const } };
const NAMES = ['old', 'dual', 'modern'] as const;

const OLD_REVISION = '2025-11-25';
export const NEW_REVISION = '2026-07-28';

export type Era = 'legacy' | 'auto' | 'modern';
export const ERAS: readonly Era[] = ['legacy', 'auto', 'modern'];

export type Transport = 'sse' | 'http';
export const TRANSPORTS: readonly Transport[] = ['sse', 'http'];

export type TargetName = (typeof NAMES)[number] | 'hub';
export const TARGETS: readonly TargetName[] = [...NAMES, 'hub'];

export interface Call {
  readonly name: string;
  readonly arguments: Readonly<Record<string, string>>;
}

/** What a client is asked to do. */
export interface Visit {
  readonly url: string;
  readonly transport: Transport;
  readonly calls: readonly Call[];
}

export interface Outcome {
  /** The protocol revision that was negotiated. */
  readonly revision: string;
  /** Names of the tools that were listed. */
  readonly tools: readonly string[];
  /** First text of the answer to each call. */
  readonly texts: readonly string[];
}

export interface MatrixClient {
  readonly name: string;
  readonly version: string;
  /** What its option for the era is set to; legacy where it has none. */
  readonly era: Era;
  readonly hasEraOption: boolean;
  /** Whether somebody answers when a tool asks for input or for a sample. */
  readonly answersQuestions: boolean;
  /** What it says where it cannot go. One that never asks whether it can is not refused, but gets what it does not understand. */
  readonly refusal: RegExp;
  readonly asksFirst: boolean;
  /** @throws Error with the client's own words */
  visit(visit: Visit): Promise<Outcome>;
}

export const VISIT_MS = 30_000;

/** What every client answers when it is asked. */
export const ANSWERS = { elicited: { username: 'ada', email: 'ada@example.org' }, sampled: 'a sample' };

const PLAIN = [{ name: 'test_simple_text', arguments: {}, text: 'This is a simple text response for testing.' }];
const QUESTIONS = [
  {
    name: 'test_elicitation',
    arguments: { message: 'Who are you?' },
    text: `User response: action=accept, content=${JSON.stringify(ANSWERS.elicited)}`,
  },
  { name: 'test_sampling', arguments: { prompt: 'Say something' }, text: `LLM response: ${ANSWERS.sampled}` },
];

/** The tools of each child, asked for without hearth. */
export async function listDirectly(): Promise<Record<TargetName, readonly string[]>> {
  const lists = await Promise.all(NAMES.map(async (name) => [name, await toolsOf(CHILDREN[name])] as const));
  const hub = lists.flatMap(([name, tools]) => tools.map((tool) => `${name}__${tool}`));
  return { ...(Object.fromEntries(lists) as Record<(typeof NAMES)[number], string[]>), hub };
}

async function toolsOf(server: { command: string; args: string[] }): Promise<string[]> {
  const client = new Client({ name: 'client-matrix', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StdioClientTransport({ ...server, stderr: 'ignore' }));
  try {
    return (await client.listTools()).tools.map(({ name }) => name);
  } finally {
    await client.close();
  }
}

/** @returns the revision that a client has to negotiate; undefined where it insists on one that HTTP with SSE does not have */
export function revisionOf({ era }: MatrixClient, transport: Transport): string | undefined {
  if (transport === 'sse') return era === 'modern' ? undefined : OLD_REVISION;
  return era === 'legacy' ? OLD_REVISION : NEW_REVISION;
}

export interface Place {
  /** Where hearth is. */
  readonly hearth: string;
  readonly target: TargetName;
  readonly transport: Transport;
  readonly tools: readonly string[];
}

/**
 * Sends a client to a place.
 * @returns the revision that it negotiated, or undefined where it cannot go and says so
 * @throws Error saying what was wrong
 */
export async function visit(client: MatrixClient, { hearth, target, transport, tools }: Place): Promise<string | undefined> {
  const url = `${hearth}${target === 'hub' ? '' : `/servers/${target}`}/${transport === 'sse' ? 'sse' : 'mcp'}`;
  const calls = (target === 'hub' ? NAMES.map((name) => `${name}__`) : ['']).flatMap((prefix) =>
    [...PLAIN, ...(client.answersQuestions ? QUESTIONS : [])].map((call) => ({ ...call, name: prefix + call.name })),
  );
  const there = { url, transport, calls: calls.map(({ name, arguments: given }) => ({ name, arguments: given })) };
  const revision = revisionOf(client, transport);
  if (revision === undefined) return refused(client, there);
  const outcome = await client.visit(there);
  expectSame('revision', outcome.revision, revision);
  expectSame('tools', [...outcome.tools].sort(), [...tools].sort());
  for (const [index, { name, text }] of calls.entries()) expectSame(`answer of ${name}`, outcome.texts[index], text);
  return outcome.revision;
}

async function refused(client: MatrixClient, there: Visit): Promise<undefined> {
  const error = await client.visit(there).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) throw new Error(`it went where ${NEW_REVISION} does not exist`);
  if (!client.refusal.test(String(error))) throw error;
}

function expectSame(what: string, got: unknown, wanted: unknown): void {
  const [is, ought] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (is !== ought) throw new Error(`wrong ${what}: ${is} instead of ${ought}`);
}
