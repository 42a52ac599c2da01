import { Command, Option } from 'commander';
import { createPrivate } from '../secrets/atomic-write.js';
import { FileStore } from '../secrets/file-store.js';
import { type KeySettings, keyFileOf } from '../secrets/key-source.js';
import { newKeyText, tooOpen } from '../secrets/master-key.js';
import { rotate } from '../secrets/rotate.js';
import { EXIT, ExitError } from './exit.js';
import { addLogOptions } from './options.js';
import { readSecret } from './read-secret.js';

interface Flags extends KeySettings {
  readonly file: string;
  readonly newKeyFile?: string;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** `hearth secrets init | set | list | remove | rotate`: none of them ever prints a value. */
export function secretsCommand(): Command {
  // Settings go to subcommands when those are made: without them a wrong usage would end the process by itself.
  const command = new Command('secrets')
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
    .summary('keep secrets in an encrypted file')
    .description(
      `Keeps secrets in an encrypted file, for \${secret:NAME} in a config. The key is in a file of its own, or in the variable
HEARTH_SECRETS_KEY. Values are read from stdin or a prompt, and are never shown.`,
    );
  const add = (name: string, description: string): Command => {
    const made = command.command(name).description(description);
    made.addOption(new Option('--file <file>', 'the store').default('hearth.secrets.json').env('HEARTH_SECRETS_FILE'));
    made.option('--key-file <file>', 'file with its key (default: what HEARTH_SECRETS_KEY or HEARTH_SECRETS_KEY_FILE say, else hearth.secrets.key)');
    return addLogOptions(made);
  };
  add('init', 'Creates a key file, readable by you alone.').action(init);
  add('set <name>', 'Adds or replaces a secret; its value comes from stdin or a prompt.').action(set);
  add('list', 'Lists names and dates.').action(list);
  add('remove <name>', 'Removes a secret.').action(remove);
  add('rotate', 'Makes a new key and encrypts everything with it.')
    .option('--new-key-file <file>', 'where to put the new key, in place of replacing the key file')
    .action(rotateKey);
  return command;
}

function storeOf(flags: Flags): FileStore {
  for (const file of [flags.file, keyFileOf(flags, process.env)]) {
    const warning = file && tooOpen(file);
    if (warning) process.stderr.write(`hearth: warning: ${warning}\n`);
  }
  return FileStore.from(flags.file, flags, process.env);
}

async function init(flags: Flags): Promise<void> {
  const file = keyFileOf(flags, process.env);
  if (file === undefined) throw new ExitError(EXIT.usage, 'HEARTH_SECRETS_KEY already holds a key; name a file with --key-file to make another');
  try {
    await createPrivate(file, `${newKeyText()}\n`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ExitError(EXIT.failed, code === 'EEXIST' ? `${file} exists already; it stays as it is` : `${file} cannot be created: ${message}`);
  }
  say(`The key is in ${file}. Keep a copy apart from the store: without it nobody can read the secrets again.`);
}

async function set(name: string, flags: Flags): Promise<void> {
  const store = storeOf(flags);
  await store.read(); // a wrong key is told before somebody types
  await store.set(name, await readSecret(name));
  say(`${name} is in ${store.file}.`);
}

async function list(flags: Flags): Promise<void> {
  const secrets = await storeOf(flags).list();
  const width = Math.max(0, ...secrets.map(({ name }) => name.length));
  for (const { name, created, updated } of secrets) say(`${name.padEnd(width)}  created ${iso(created)}  changed ${iso(updated)}`);
  say(`${secrets.length} secret${secrets.length === 1 ? '' : 's'}`);
}

async function remove(name: string, flags: Flags): Promise<void> {
  if (!(await storeOf(flags).remove(name))) throw new ExitError(EXIT.failed, `there is no secret ${name} in ${flags.file}`);
  say(`${name} was removed.`);
}

async function rotateKey(flags: Flags): Promise<void> {
  const { secrets, keyFile } = await rotate(storeOf(flags), keyFileOf(flags, process.env), flags.newKeyFile);
  say(`${secrets} secret${secrets === 1 ? ' is' : 's are'} encrypted with a new key, which is in ${keyFile}.`);
}

function iso(date: Date | undefined): string {
  return date?.toISOString() ?? 'unknown';
}
