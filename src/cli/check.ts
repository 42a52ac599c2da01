import { Command } from 'commander';
import { findConfig } from './config-file.js';
import { addLogOptions } from './options.js';

/** `hearth check [-c FILE]` */
export function checkCommand(): Command {
  const command = new Command('check')
    .summary('validate a config file; start nothing')
    .description('Validates a config and says what is wrong: file, line, column, key, and what is allowed. Starts nothing.')
    .option('-c, --config <file>', 'config file (default: hearth.yaml here, else the embedded default)');
  return addLogOptions(command).action((flags: { config?: string }) => {
    const { config, notes, source } = findConfig(flags.config);
    for (const note of notes) process.stdout.write(`note: ${note}\n`);
    process.stdout.write(`${source} is valid: ${Object.keys(config.servers).length} server(s)\n`);
    for (const [name, server] of Object.entries(config.servers)) {
      process.stdout.write(`  ${name}: ${server.url ?? [server.command, ...server.args].join(' ')} (${server.policy})\n`);
    }
  });
}
