import { type Command, Option } from 'commander';
import type { z } from 'zod';
import { policy } from '../config/schema.js';
import { eventSize, interval, size } from '../config/units.js';
import { LOG_LEVELS } from '../telemetry/log.js';
import { invalidArgument } from './exit.js';

/** What flags and environment say; whatever is undefined is left to the file and the defaults. */
export interface ServeFlags {
  readonly host?: string;
  readonly port?: number;
  readonly policy?: 'shared' | 'pool' | 'per-session';
  readonly poolSize?: number;
  readonly stateless?: boolean;
  readonly jsonResponse?: boolean;
  readonly heartbeat?: number;
  readonly sessionTimeout?: number;
  readonly requestTimeout?: number;
  readonly maxConcurrent?: number;
  readonly maxMessageSize?: number;
  readonly allowedHosts?: string[];
  readonly allowedOrigins?: string[];
  readonly stateDir?: string;
  readonly maxEventSize?: number;
  readonly apiKeyFile?: string;
  readonly tracesEndpoint?: string;
}

/** The options that `wrap` and `serve` share; each has an environment form. */
export function addServeOptions(command: Command): Command {
  return command
    .addOption(option('--host <address>', 'address to listen on (default: 127.0.0.1)', 'HEARTH_HOST'))
    .addOption(option('--port <number>', 'port; 0 picks a free one and prints it (default: 8080)', 'HEARTH_PORT', wholeNumber(0, 65_535)))
    .addOption(option('--policy <policy>', 'which child serves which session (default: shared)', 'HEARTH_POLICY').choices(policy.options))
    .addOption(option('--pool-size <number>', 'children under policy pool (default: 2)', 'HEARTH_POOL_SIZE', wholeNumber(1, 64)))
    .addOption(option('--stateless', 'no sessions on /mcp: every POST stands alone', 'HEARTH_STATELESS'))
    .addOption(option('--json-response', 'answer POSTs on /mcp with plain JSON, never with a stream', 'HEARTH_JSON_RESPONSE'))
    .addOption(option('--heartbeat <duration>', 'time between signs of life on open streams (default: 15s)', 'HEARTH_HEARTBEAT', parse(interval)))
    .addOption(option('--session-timeout <duration>', 'silence after which a session ends (default: 30m)', 'HEARTH_SESSION_TIMEOUT', parse(interval)))
    .addOption(option('--request-timeout <duration>', 'longest time a request may take (default: 10m)', 'HEARTH_REQUEST_TIMEOUT', parse(interval)))
    .addOption(
      option('--max-concurrent <number>', 'requests one server works on at once (default: no limit)', 'HEARTH_MAX_CONCURRENT', wholeNumber(0)),
    )
    .addOption(option('--max-message-size <size>', 'largest message in either direction (default: 64MiB)', 'HEARTH_MAX_MESSAGE_SIZE', parse(size)))
    .addOption(
      option(
        '--max-event-size <size>',
        'largest event that clients take, or "litellm" for 1MiB (default: no limit)',
        'HEARTH_MAX_EVENT_SIZE',
        parse(eventSize),
      ),
    )
    .addOption(
      option('--allowed-hosts <names>', 'host names that requests may be addressed to, comma-separated; * for any', 'HEARTH_ALLOWED_HOSTS', list),
    )
    .addOption(option('--allowed-origins <origins>', 'web origins that may use hearth, comma-separated; * for any', 'HEARTH_ALLOWED_ORIGINS', list))
    .addOption(option('--api-key-file <file>', 'file of keys, one a line, that clients need (default: none is needed)', 'HEARTH_API_KEY_FILE'))
    .addOption(option('--traces-endpoint <url>', 'collector that gets traces by OTLP over HTTP (default: none)', 'HEARTH_TRACES_ENDPOINT', httpUrl))
    .addOption(option('--state-dir <folder>', 'folder for what lets clients resume streams after a restart (default: none)', 'HEARTH_STATE_DIR'));
}

/** Options of every command. */
export function addLogOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--log-level <level>', 'least severe records to write')
        .choices([...LOG_LEVELS])
        .default('info')
        .env('HEARTH_LOG_LEVEL'),
    )
    .addOption(
      new Option('--log-format <format>', 'json or pretty (default: pretty on a terminal)').choices(['json', 'pretty']).env('HEARTH_LOG_FORMAT'),
    );
}

/** Names from the user's documents, read where hearth's own are not set. */
const ALIASES: Readonly<Record<string, string>> = {
  MCP_HTTP_STATELESS: 'HEARTH_STATELESS',
  MCP_HTTP_JSON: 'HEARTH_JSON_RESPONSE',
  MCP_MAX_CONCURRENT_REQUESTS: 'HEARTH_MAX_CONCURRENT',
  MCP_REQUEST_TIMEOUT: 'HEARTH_REQUEST_TIMEOUT',
  MCP_CONNECTION_POOL_SIZE: 'HEARTH_POOL_SIZE',
};
const SWITCHES = ['HEARTH_STATELESS', 'HEARTH_JSON_RESPONSE'];

/** Brings the environment into the form that the option parser reads: aliases, and switches that are set to "false". */
export function normaliseEnv(env: NodeJS.ProcessEnv): void {
  for (const [alias, name] of Object.entries(ALIASES)) if (env[alias] !== undefined) env[name] ??= env[alias];
  if (env.MCP_CONNECTION_POOL_SIZE !== undefined && Number(env.MCP_CONNECTION_POOL_SIZE) > 1) env.HEARTH_POLICY ??= 'pool';
  for (const name of SWITCHES) if (/^(?:false|0|no|off|)$/i.test(env[name] ?? '-')) delete env[name];
}

/** Repeatable `--env KEY=VALUE`. */
export function keyValue(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at <= 0) throw invalidArgument('must be KEY=VALUE');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Repeatable list of names. */
export function repeated(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function option(flags: string, description: string, env: string, parser?: (text: string) => unknown): Option {
  const made = new Option(flags, description).env(env);
  return parser ? made.argParser(parser) : made;
}

function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw invalidArgument(`must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`);
  };
}

/** A number without a unit comes as text from a shell. */
function parse(schema: z.ZodType<number>): (text: string) => number {
  return (text) => {
    const result = schema.safeParse(text);
    if (result.success) return result.data;
    throw invalidArgument(result.error.issues[0]?.message ?? 'is not valid');
  };
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}

function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw invalidArgument('must be an http:// or https:// URL');
}
