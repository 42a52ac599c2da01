import { Command, Option } from 'commander';
import { isAuthOn } from '../auth/settings.js';
import { containerServers, hearthServers } from '../litellm/containers.js';
import { litellmConfig } from '../litellm/generate.js';
import type { Redactor } from '../telemetry/redactor.js';
import { findConfig } from './config-file.js';
import { addLogOptions } from './options.js';

interface LitellmFlags {
  readonly config?: string;
  readonly containers?: boolean;
  readonly baseUrl?: string;
  readonly transport: 'sse' | 'http';
  readonly era?: string;
  readonly keyEnv?: string;
}

const KEY_VARIABLE = 'HEARTH_API_KEY';
const CONTAINER_TIMEOUT_MS = 600_000;

/** `hearth litellm [-c FILE]` */
export function litellmCommand(redactor: Redactor): Command {
  const command = new Command('litellm')
    .summary('print the LiteLLM config for these servers')
    .description('Prints a complete config of the LiteLLM proxy for the servers of a hearth config, or for the nine containers of the compose file.')
    .option('-c, --config <file>', 'config file (default: hearth.yaml here, else the embedded default)')
    .option('--containers', 'the nine containers, at http://mcp-<name>:8080')
    .option('--base-url <url>', 'where LiteLLM reaches hearth; with --containers, <name> stands for the service')
    .addOption(new Option('--transport <transport>', 'how LiteLLM speaks to hearth').choices(['sse', 'http']).default('sse'))
    .option('--era <revision>', 'protocol revision to pin, for instance 2026-07-28 (with --transport http)')
    .option('--key-env <name>', `environment variable of LiteLLM with hearth's key (default: ${KEY_VARIABLE} if the config asks for keys)`);
  return addLogOptions(command).action(async (flags: LitellmFlags) => {
    if (flags.era !== undefined && flags.transport === 'sse') command.error('error: --era needs --transport http');
    process.stdout.write(await render(flags, redactor));
  });
}

async function render(flags: LitellmFlags, redactor: Redactor): Promise<string> {
  const { transport, era, baseUrl, keyEnv } = flags;
  if (flags.containers) {
    const base = baseUrl?.replace(/\/+$/, '');
    return litellmConfig(containerServers(transport, base), { transport, era, requestTimeout: CONTAINER_TIMEOUT_MS, keyVariable: keyEnv });
  }
  const { config } = await findConfig(flags.config, redactor);
  const { host, port } = config.listen;
  const reachable = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const base = baseUrl?.replace(/\/+$/, '') ?? `http://${reachable}:${port}`;
  const servers = hearthServers(Object.keys(config.servers), transport, base);
  return litellmConfig(servers, {
    transport,
    era,
    requestTimeout: config.limits.requestTimeout,
    keyVariable: keyEnv ?? (isAuthOn(config.auth) ? KEY_VARIABLE : undefined),
  });
}
