// The matrix as a table of docs/protocol.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { type MatrixClient, NEW_REVISION, TARGETS, type TargetName, TRANSPORTS, type Transport } from './subject.ts';

const BEGIN = '<!-- client-matrix:begin -->';
const END = '<!-- client-matrix:end -->';

/** What came of one visit. */
export interface Cell {
  readonly client: MatrixClient;
  readonly transport: Transport;
  readonly target: TargetName;
  /** Undefined when the client could not go there, or failed. */
  readonly revision: string | undefined;
  /** The client's own words, when it failed. */
  readonly problem: string | undefined;
}

function shown({ client, revision, problem }: Cell): string {
  if (problem !== undefined) return '**failed**';
  return revision ?? (client.asksFirst ? 'refused' : 'unusable');
}

function row(client: MatrixClient, cells: readonly Cell[]): string {
  const own = TRANSPORTS.flatMap((transport) =>
    TARGETS.map((target) => cells.find((cell) => cell.client === client && cell.transport === transport && cell.target === target)),
  );
  const era = client.hasEraOption ? `\`${client.era}\`` : 'no option';
  const questions = client.answersQuestions ? 'answered' : 'not asked';
  return `| ${[client.name, client.version, era, questions, ...own.map((cell) => (cell ? shown(cell) : ''))].join(' | ')} |`;
}

/** @param hearth its version */
export function tableOf(clients: readonly MatrixClient[], cells: readonly Cell[], hearth: string): string {
  const columns = TRANSPORTS.flatMap((transport) => TARGETS.map((target) => `${transport === 'sse' ? 'SSE' : 'HTTP'}, ${target}`));
  const header = ['client', 'version', 'era', 'questions', ...columns];
  return `Written by \`npm run matrix\` on ${new Date().toISOString().slice(0, 10)} with hearth ${hearth} and Node ${process.versions.node}. A cell says which revision
was negotiated where the client listed exactly the server's tools, called one, and answered a tool that asks for input and one
that asks for a sample. The columns are the transport and the child: of the old era, of both, of the new one only, and the hub
of all three. The inspector's command line has nobody to ask.

| ${header.join(' | ')} |
|${header.map(() => '---').join('|')}|
${clients.map((client) => row(client, cells)).join('\n')}

${NEW_REVISION} has no HTTP with SSE. There \`server/discover\` is answered with "method not found", so that clients which insist on
that revision refuse to connect. The Python client, told the revision, does not ask: what it can use there is incidental, and
it fails with an error of its own. Choose \`auto\`.`;
}

/** Replaces what is between the markers. @throws Error when the file has none */
export function writeTable(file: string, table: string): void {
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${file} lacks ${BEGIN} or ${END}`);
  writeFileSync(file, `${text.slice(0, from + BEGIN.length)}\n${table}\n${text.slice(to)}`);
}
