import { Command } from 'commander';
import { configSchema } from '../config/schema.js';
import type { Redactor } from '../telemetry/redactor.js';
import { applyFlags } from './apply-flags.js';
import { EXIT, ExitError } from './exit.js';
import { addLogOptions, addServeOptions, keyValue, repeated, type ServeFlags } from './options.js';
import { type LogFlags, logFor, run } from './run.js';

interface WrapFlags extends ServeFlags, LogFlags {
  readonly env?: Record<string, string>;
  readonly passEnv?: string[];
  readonly cwd?: string;
}

/** `hearth wrap [options] -- COMMAND [ARG...]` */
export function wrapCommand(redactor: Redactor): Command {
  const command = new Command('wrap')
    .summary('serve one stdio MCP server, without a config file')
    .description('Serves one stdio MCP server at /sse and /mcp. Everything after -- is its command line.')
    .argument('[command...]', 'program and arguments of the server')
    .option('--env <KEY=VALUE>', 'environment variable for the server (repeatable)', keyValue)
    .option('--pass-env <KEY>', "variable to hand down from hearth's own environment (repeatable)", repeated)
    .option('--cwd <folder>', 'working directory of the server')
    .addHelpText('after', '\nExample:\n  hearth wrap --port 0 -- npx -y @modelcontextprotocol/server-filesystem ./data\n');
  return addLogOptions(addServeOptions(command)).action(async (words: string[], flags: WrapFlags) => {
    const [program, ...args] = words;
    if (!program) throw new ExitError(EXIT.usage, 'name the server to wrap after --, for example: hearth wrap -- mcp-server-filesystem ./data');
    const { env, passEnv, cwd } = flags;
    const config = configSchema.parse({ servers: { server: { command: program, args, env, passEnv, cwd } } });
    await run(applyFlags(config, flags), logFor(flags, redactor), redactor);
  });
}
