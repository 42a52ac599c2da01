import { Command } from 'commander';
import type { Redactor } from '../telemetry/redactor.js';
import { applyFlags } from './apply-flags.js';
import { ensureDataFolder, findConfig } from './config-file.js';
import { addLogOptions, addServeOptions, type ServeFlags } from './options.js';
import { keepFresh } from './refresh.js';
import { type LogFlags, logFor, run } from './run.js';
import { EMBEDDED } from './standard-services.js';

interface Flags extends ServeFlags, LogFlags {
  readonly config?: string;
}

/** `hearth serve [-c FILE]` */
export function serveCommand(redactor: Redactor): Command {
  const command = new Command('serve')
    .summary('serve the MCP servers of a config file')
    .description('Serves the MCP servers of a config: one bare, several as a hub. Without a file it serves a few real servers on ./data.')
    .option('-c, --config <file>', 'config file (default: hearth.yaml here, else the embedded default)');
  return addLogOptions(addServeOptions(command)).action(async (flags: Flags) => {
    const { config, notes, source } = await findConfig(flags.config, redactor);
    const log = logFor(flags, redactor);
    log.info('config', `config: ${source}`);
    for (const note of notes) log.warn('config_note', note);
    if (source === EMBEDDED) ensureDataFolder();
    const effective = applyFlags(config, flags);
    await run(effective, log, redactor);
    keepFresh(effective, () => findConfig(flags.config, redactor), config.secrets.refresh, log);
  });
}
