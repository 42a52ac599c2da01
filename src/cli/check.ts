import { Command } from 'commander';
import { learnSecrets } from '../known-secrets.js';
import type { Redactor } from '../telemetry/redactor.js';
import { findConfig } from './config-file.js';
import { addLogOptions } from './options.js';

/** `hearth check [-c FILE]` */
export function checkCommand(redactor: Redactor): Command {
  const command = new Command('check')
    .summary('validate a config file; start nothing')
    .description('Validates a config and says what is wrong: file, line, column, key, and what is allowed. Starts nothing.')
    .option('-c, --config <file>', 'config file (default: hearth.yaml here, else the embedded default)');
  return addLogOptions(command).action(async (flags: { config?: string }) => {
    const { config, notes, source } = await findConfig(flags.config, redactor);
    learnSecrets(config, redactor);
    const print = (text: string): void => void process.stdout.write(redactor.text(text));
    for (const note of notes) print(`note: ${note}\n`);
    print(`${source} is valid: ${Object.keys(config.servers).length} server(s)\n`);
    for (const [name, server] of Object.entries(config.servers)) {
      print(`  ${name}: ${server.url ?? [server.command, ...server.args].join(' ')} (${server.policy})\n`);
    }
  });
}
