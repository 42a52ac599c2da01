import { Command } from 'commander';
import { KeyAdmin } from '../auth/key-admin.js';
import type { StoredKey } from '../auth/key-file.js';
import { reasonOf } from '../errors.js';
import { EXIT, ExitError, invalidArgument } from './exit.js';

const DEFAULT_FILE = 'hearth-keys.json';
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };

interface FileFlag {
  readonly file: string;
}

interface AddFlags extends FileFlag {
  readonly servers?: string[];
  readonly tools?: string[];
  readonly expires?: number;
}

/** `hearth keys add|list|revoke|rotate` */
export function keysCommand(): Command {
  const command = new Command('keys')
    .exitOverride()
    .summary('manage the keys that clients need')
    .description('Manages a keys file, which holds hashes only. A hearth that uses it (auth.keysFile) sees changes within a second.');
  const add = subcommand(command, 'add <name>', 'make a key; it is printed once')
    .option('--servers <names>', 'the only servers that it may use, comma-separated', list)
    .option('--tools <patterns>', 'the only tools that it may call, comma-separated; * stands for any text', list)
    .option('--expires <time>', 'until it expires, like 90d or 12h (default: never)', lifetime)
    .action((name: string, { file, servers, tools, expires }: AddFlags) =>
      run(async () => show(await new KeyAdmin(file).add({ name: checked(name), servers, tools, lifetime: expires }))),
    );
  const show = (key: string): void => {
    process.stdout.write(`${key}\n`);
    process.stderr.write('This is the only time it is shown. Clients send it as "Authorization: Bearer KEY" or "X-API-Key: KEY".\n');
  };
  subcommand(command, 'list', 'list the keys, without the keys themselves')
    .option('--json', 'print the list as JSON')
    .action(({ file, json }: FileFlag & { json?: boolean }) =>
      run(async () => {
        const keys = new KeyAdmin(file).list();
        process.stdout.write(json ? `${JSON.stringify(keys.map(described), null, 2)}\n` : table(keys));
      }),
    );
  subcommand(command, 'revoke <name>', 'remove a key; its sessions end').action((name: string, { file }: FileFlag) =>
    run(() => new KeyAdmin(file).revoke(name)),
  );
  subcommand(command, 'rotate <name>', 'make a new key in place of one; its sessions go on')
    .option('--grace <time>', 'how long the old key still works', lifetime, UNITS.d)
    .action((name: string, { file, grace }: FileFlag & { grace: number }) => run(async () => show(await new KeyAdmin(file).rotate(name, grace))));
  add.addHelpText('after', '\nExample:\n  hearth keys add ci --servers git --tools "git__git_*" --expires 90d\n');
  return command;
}

function subcommand(parent: Command, name: string, summary: string): Command {
  const command = parent.command(name).description(summary);
  return command.option('--file <file>', 'keys file', process.env.HEARTH_KEYS_FILE ?? DEFAULT_FILE);
}

/** @throws ExitError with what went wrong */
async function run(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw error instanceof ExitError ? error : new ExitError(EXIT.failed, reasonOf(error));
  }
}

/** What of a key may be shown. */
function described({ name, id, created, expires, servers, tools, former }: StoredKey): Record<string, unknown> {
  return { name, id, created, expires, servers, tools, formerUntil: former?.until, expired: isExpired(expires) };
}

function table(keys: readonly StoredKey[]): string {
  const width = Math.max(4, ...keys.map(({ name }) => name.length));
  const lines = keys.map(({ name, id, expires, servers, tools, former }) => {
    const scope = [servers && `servers ${servers.join(',')}`, tools && `tools ${tools.join(',')}`].filter(Boolean).join('; ') || 'everything';
    const until = expires === undefined ? '' : `  ${isExpired(expires) ? 'EXPIRED' : 'until'} ${expires}`;
    return `${name.padEnd(width)}  ${id}  ${scope}${until}${former ? `  (old key until ${former.until})` : ''}\n`;
  });
  return `${lines.join('')}${keys.length} keys\n`;
}

function isExpired(expires: string | undefined): boolean {
  return expires !== undefined && Date.parse(expires) <= Date.now();
}

/** Names appear in logs. */
function checked(name: string): string {
  if (/^[\w.@-]{1,64}$/.test(name)) return name;
  throw new ExitError(EXIT.usage, 'a name has up to 64 letters, digits and . _ @ -');
}

function lifetime(text: string): number {
  const match = /^(\d{1,6})([smhdwy])$/.exec(text);
  if (match) return Number(match[1]) * (UNITS[match[2] as string] as number);
  throw invalidArgument('must be a time like 90d, 12h or 30m');
}

function list(text: string): string[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  if (parts.length > 0) return parts;
  throw invalidArgument('must name at least one; leave the option out for all');
}
