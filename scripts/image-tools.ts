// Writes into the Dockerfile how many tools each service lists (label com.mcp.tools), as its running container says; the next build
// has them. tests/e2e/containers fails where a label and a list differ.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const dockerfile = new URL('../Dockerfile', import.meta.url);
const docker = (...args: string[]): string => execFileSync('docker', args, { encoding: 'utf8' }).trim();

let text = readFileSync(dockerfile, 'utf8');
for (const id of docker('ps', '-q', '--filter', 'label=com.mcp.tools').split('\n').filter(Boolean)) {
  const service = docker('inspect', '-f', '{{index .Config.Labels "com.mcp.service"}}', id);
  const address = docker('port', id, '8080').split('\n')[0];
  const { tools } = (await (await fetch(`http://${address}/v1/mcp/tools`)).json()) as { tools: unknown[] };
  const line = new RegExp(`( AS ${service}\n(?:(?!FROM)[^\n]*\n)*?ARG TOOLS=)\\d+`);
  text = text.replace(line, (_match, before: string) => before + tools.length);
  console.log(`${service}: ${tools.length}`);
}
writeFileSync(dockerfile, text);
