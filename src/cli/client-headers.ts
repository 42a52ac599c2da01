import type { Command } from 'commander';
import { readPlainKeys } from '../auth/plain-keys.js';
import { reasonOf } from '../errors.js';
import { EXIT, ExitError, invalidArgument } from './exit.js';

export interface HeaderFlags {
  readonly header?: Record<string, string>;
  readonly apiKeyFile?: string;
}

/** Options of commands that are clients. A key is in a file: arguments are seen by every user of the machine. */
export function addHeaderOptions(command: Command): Command {
  return command
    .option('--header <name: value>', 'header to send (repeatable)', header)
    .option('--api-key-file <file>', 'file whose first key is sent (for URLs on this machine also HEARTH_API_KEY_FILE)');
}

/**
 * What a client sends with every request. The file of the environment holds the keys of the hearth that runs here, so no
 * other machine gets one unless the flag says so.
 *
 * @throws ExitError for a file that cannot be used
 */
export function headersOf(address: string, { header: given = {}, apiKeyFile }: HeaderFlags): Record<string, string> {
  const file = apiKeyFile ?? (isLocal(address) ? process.env.HEARTH_API_KEY_FILE : undefined);
  return file === undefined ? given : { Authorization: `Bearer ${firstKey(file)}`, ...given };
}

function isLocal(address: string): boolean {
  return URL.canParse(address) && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(new URL(address).hostname);
}

function firstKey(file: string): string {
  try {
    const [first] = readPlainKeys(file);
    if (first) return first.key;
  } catch (error) {
    throw new ExitError(EXIT.usage, `${file}: ${reasonOf(error)}`);
  }
  throw new ExitError(EXIT.usage, `${file} holds no key`);
}

function header(text: string, before: Record<string, string> = {}): Record<string, string> {
  const match = /^([\w!#$%&'*+.^`|~-]+):\s*(.*)$/.exec(text);
  if (!match) throw invalidArgument('must be "Name: value"');
  return { ...before, [match[1] as string]: match[2] as string };
}
