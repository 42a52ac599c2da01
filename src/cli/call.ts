import { Command } from 'commander';
import { isObject } from '../protocol/message.js';
import { addHeaderOptions, type HeaderFlags, headersOf } from './client-headers.js';
import { EXIT, ExitError } from './exit.js';
import { addLogOptions } from './options.js';

/** `hearth call URL TOOL [JSON]` */
export function callCommand(): Command {
  const command = new Command('call')
    .summary('call a tool of any MCP endpoint')
    .description('Calls one tool and prints its result. Exit code 1 when the tool reports an error.')
    .argument('<url>', 'endpoint (…/mcp, …/sse) or base URL')
    .argument('<tool>', 'name of the tool')
    .argument('[json]', 'arguments as a JSON object', '{}')
    .option('--json', 'print the complete result as JSON')
    .addHelpText('after', `\nExample:\n  hearth call http://127.0.0.1:8080 everything__echo '{"message": "hello"}'\n`);
  return addLogOptions(addHeaderOptions(command)).action(async (url: string, tool: string, json: string, flags: HeaderFlags & { json?: boolean }) => {
    const args = parseArguments(json);
    const { withClient } = await import('./client.js'); // large, and nothing to a server
    const result = await withClient(url, headersOf(url, flags), (client) => client.callTool({ name: tool, arguments: args }));
    if (flags.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else for (const block of result.content) process.stdout.write(`${block.type === 'text' ? block.text : JSON.stringify(block)}\n`);
    if (result.isError) throw new ExitError(EXIT.failed, 'the tool reported an error');
  });
}

function parseArguments(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (isObject(value)) return value;
  } catch {
    // falls through to the same message
  }
  throw new ExitError(EXIT.usage, `the arguments must be a JSON object, like '{"path": "."}'; got: ${json.slice(0, 80)}`);
}
