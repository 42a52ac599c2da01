import { Command } from 'commander';
import { addCommand } from './cli/add.js';
import { callCommand } from './cli/call.js';
import { checkCommand } from './cli/check.js';
import { doctorCommand } from './cli/doctor.js';
import { report } from './cli/exit.js';
import { keysCommand } from './cli/keys.js';
import { litellmCommand } from './cli/litellm.js';
import { normaliseEnv } from './cli/options.js';
import { secretsCommand } from './cli/secrets.js';
import { serveCommand } from './cli/serve.js';
import { toolsCommand } from './cli/tools.js';
import { wrapCommand } from './cli/wrap.js';
import { Redactor } from './telemetry/redactor.js';
import { VERSION } from './version.js';

// Whoever reads the output may go before it ends (`hearth tools URL | head`): that is no fault, and must not end a server.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
normaliseEnv(process.env);
/** Every secret of this process, so that none is shown. */
const redactor = new Redactor();

// Log options belong to the commands: commander would let the program take them from behind a command's name.
const program = new Command('hearth')
  .description('Keeps stdio MCP servers warm and serves them over SSE and Streamable HTTP.')
  .version(VERSION)
  .exitOverride()
  .showHelpAfterError('(add --help for the options)');

for (const command of [
  wrapCommand(redactor),
  serveCommand(redactor),
  checkCommand(redactor),
  addCommand(),
  keysCommand(),
  secretsCommand(),
  toolsCommand(),
  callCommand(),
  litellmCommand(redactor),
  doctorCommand(redactor),
]) {
  program.addCommand(command.version(VERSION).copyInheritedSettings(program));
}
program.addHelpText('after', '\nExit codes: 0 fine, 1 failed, 2 wrong usage or config, 3 unreachable.');

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error, (text) => process.stderr.write(redactor.text(text)));
}
