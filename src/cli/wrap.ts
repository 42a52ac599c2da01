import { Command, Option } from 'commander';
import { parseConfig } from '../config/load.js';
import { type Config, configSchema } from '../config/schema.js';
import { serviceNames } from '../config/services.js';
import type { Redactor } from '../telemetry/redactor.js';
import { applyFlags } from './apply-flags.js';
import { EXIT, ExitError } from './exit.js';
import { addLogOptions, addServeOptions, keyValue, repeated, type ServeFlags } from './options.js';
import { type LogFlags, logFor, run } from './run.js';

interface WrapFlags extends ServeFlags, LogFlags {
  readonly env?: Record<string, string>;
  readonly passEnv?: string[];
  readonly cwd?: string;
  readonly service?: string;
}

/** `hearth wrap [options] -- COMMAND [ARG...]` */
export function wrapCommand(redactor: Redactor): Command {
  const command = new Command('wrap')
    .summary('serve one stdio MCP server, without a config file')
    .description(
      'Serves one stdio MCP server at /sse and /mcp: everything after -- is its command line, or --service names a service that hearth knows.',
    )
    .argument('[command...]', 'program and arguments of the server')
    .addOption(new Option('--service <name>', 'a service that hearth knows, in place of a command line').env('HEARTH_SERVICE'))
    .option('--env <KEY=VALUE>', 'environment variable for the server (repeatable)', keyValue)
    .option('--pass-env <KEY>', "variable to hand down from hearth's own environment (repeatable)", repeated)
    .option('--cwd <folder>', 'working directory of the server')
    .addHelpText(
      'after',
      () =>
        `\nServices: ${serviceNames().join(', ')}\n\nExamples:\n  hearth wrap --port 0 -- npx -y @modelcontextprotocol/server-filesystem ./data\n  hearth wrap --service memory\n`,
    );
  return addLogOptions(addServeOptions(command)).action(async (words: string[], flags: WrapFlags) => {
    const { service } = flags;
    const config = service === undefined ? commandConfig(words, flags) : serviceConfig(service, words, flags, redactor);
    await run(applyFlags(config, flags), logFor(flags, redactor), redactor);
  });
}

function commandConfig([program, ...args]: readonly string[], { env, passEnv, cwd }: WrapFlags): Config {
  if (!program) throw new ExitError(EXIT.usage, 'name the server to wrap after --, for example: hearth wrap -- mcp-server-filesystem ./data');
  return configSchema.parse({ servers: { server: { command: program, args, env, passEnv, cwd } } });
}

/** @throws ConfigError, ExitError */
function serviceConfig(service: string, words: readonly string[], { env, passEnv, cwd }: WrapFlags, redactor: Redactor): Config {
  if (words.length > 0) throw new ExitError(EXIT.usage, 'give either --service or a command line after --, not both');
  const text = JSON.stringify({ servers: { [service]: { service, passEnv, cwd } } });
  const onSecret = (name: string, value: string): void => void redactor.add(name, value);
  const { config } = parseConfig(text, 'command line', { ...process.env, ...env }, { onSecret });
  for (const server of Object.values(config.servers)) Object.assign(server.env, env);
  return config;
}
