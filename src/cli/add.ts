import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { isMap, isNode, parseDocument, stringify, type YAMLMap } from 'yaml';
import { ConfigError } from '../config/issues.js';
import { parseConfig } from '../config/load.js';
import { type ServerConfig, serverName } from '../config/schema.js';
import { findService } from '../config/services.js';
import { needsOf } from '../connect.js';
import { reasonOf } from '../errors.js';
import { EXIT, ExitError } from './exit.js';
import { isInstalled } from './installed.js';
import { addLogOptions } from './options.js';

/** `hearth add NAME` */
export function addCommand(): Command {
  const command = new Command('add')
    .summary('add a service that hearth knows to a config file')
    .description('Adds a service that hearth knows (docs/services.md) to a config file, and says what it needs. Nothing else in the file changes.')
    .argument('<service>', 'the service, for example memory or slack')
    .option('-c, --config <file>', 'config file; it is made if it is not there', 'hearth.yaml')
    .option('--as <name>', 'name of the server in the file (default: that of the service)');
  return addLogOptions(command).action((service: string, { config, as }: { config: string; as?: string }) => {
    const name = as ?? service;
    const found = findService(service);
    if ('problem' in found) throw new ExitError(EXIT.usage, found.problem);
    const checked = serverName.safeParse(name);
    if (!checked.success) throw new ExitError(EXIT.usage, `--as ${name}: ${checked.error.issues[0]?.message}`);
    write(config, withServer(existsSync(config) ? readFileSync(config, 'utf8') : '', name, service, config));
    process.stdout.write(`${config}: added "${name}".\n${needsText(service, found.install)}`);
  });
}

/** The text of a config with one more server; comments and the order of what is there stay. */
function withServer(text: string, name: string, service: string, file: string): string {
  if (text.trim() === '') return stringify({ servers: { [name]: { service } } });
  const document = parseDocument(text);
  const issue = document.errors[0];
  if (issue) throw new ConfigError(file, [{ line: issue.linePos?.[0].line, column: issue.linePos?.[0].col, key: '', message: issue.message }]);
  const key = document.has('mcpServers') ? 'mcpServers' : 'servers';
  const servers: unknown = document.get(key);
  if (servers !== undefined && servers !== null && !isMap(servers)) throw new ExitError(EXIT.usage, `${file}: "${key}" must be a mapping`);
  if (servers === undefined && isMap(document.contents) && document.contents.flow)
    throw new ExitError(EXIT.usage, `${file} has no "servers" to add to`);
  if (document.hasIn([key, name])) throw new ExitError(EXIT.usage, `${file} has a server "${name}" already; give another name with --as`);
  if (!isMap(servers) && document.has(key)) {
    document.set(key, document.createNode({ [name]: { service } }));
    return document.toString({ lineWidth: 0 });
  }
  if (!isMap(servers)) return `${text.trimEnd()}\nservers:\n  ${name}: {service: ${service}}\n`;
  return servers.flow ? insertedInFlow(text, servers, name, service) : insertedInBlock(text, servers, name, service);
}

/** As text behind the last server, so that everything else stays as somebody wrote it. Right in YAML as in JSON. */
function insertedInFlow(text: string, { items, range }: YAMLMap, name: string, service: string): string {
  const last = items.at(-1)?.value;
  const at = (isNode(last) ? last.range?.[1] : undefined) ?? (range?.[0] ?? 0) + 1;
  return `${text.slice(0, at)}${items.length > 0 ? ', ' : ''}"${name}": {"service": "${service}"}${text.slice(at)}`;
}

function insertedInBlock(text: string, { items, range }: YAMLMap, name: string, service: string): string {
  const key = items[0]?.key;
  const firstKey = (isNode(key) ? key.range?.[0] : undefined) ?? 0;
  const indent = ' '.repeat(firstKey - (text.lastIndexOf('\n', firstKey - 1) + 1));
  const lineEnd = text.indexOf('\n', text.slice(0, range?.[1]).trimEnd().length);
  const [before, after] = lineEnd < 0 ? [`${text}\n`, ''] : [text.slice(0, lineEnd + 1), text.slice(lineEnd + 1)];
  return `${before}${indent}${name}: {service: ${service}}\n${after}`;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new ExitError(EXIT.failed, `${file} cannot be written: ${reasonOf(error)}`);
  }
}

function needsText(service: string, install: string | undefined): string {
  const { config } = parseConfig(JSON.stringify({ servers: { it: { service } } }), service, process.env);
  const server = config.servers.it as ServerConfig;
  const program = isInstalled(server.command ?? '')
    ? undefined
    : `its program ${server.command} is not installed${install === undefined ? '' : `: ${install}`}`;
  const needs = [program, needsOf(server)].filter((each) => each !== undefined);
  return needs.length === 0 ? 'It has what it needs. "hearth doctor" tries it.\n' : needs.map((each) => `- ${each}\n`).join('');
}
