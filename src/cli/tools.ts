import { Command } from 'commander';
import { addHeaderOptions, type HeaderFlags, headersOf } from './client-headers.js';
import { addLogOptions } from './options.js';

/** `hearth tools URL` */
export function toolsCommand(): Command {
  const command = new Command('tools')
    .summary('list the tools of any MCP endpoint')
    .description('Lists the tools of any MCP endpoint, over Streamable HTTP or SSE, whichever it speaks.')
    .argument('<url>', 'endpoint (…/mcp, …/sse) or base URL')
    .option('--json', 'print the complete list as JSON');
  return addLogOptions(addHeaderOptions(command)).action(async (url: string, flags: HeaderFlags & { json?: boolean }) => {
    const { withClient } = await import('./client.js'); // large, and nothing to a server
    const { tools } = await withClient(url, headersOf(url, flags), (client) => client.listTools());
    if (flags.json) {
      process.stdout.write(`${JSON.stringify(tools, null, 2)}\n`);
      return;
    }
    const width = Math.max(0, ...tools.map(({ name }) => name.length));
    for (const { name, description = '' } of tools) {
      process.stdout.write(`${name.padEnd(width)}  ${firstSentence(description)}\n`);
    }
    process.stdout.write(`${tools.length} tools\n`);
  });
}

function firstSentence(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
