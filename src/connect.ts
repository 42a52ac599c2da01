import { readFileSync } from 'node:fs';
import { ConfigError } from './config/issues.js';
import type { Config, ServerConfig } from './config/schema.js';
import { reasonOf } from './errors.js';
import type { Watchdog } from './process/watchdog.js';
import type { Log } from './telemetry/log.js';
import type { Redactor } from './telemetry/redactor.js';
import type { ServerMetrics } from './telemetry/server-metrics.js';
import { redacted } from './upstream/redacted.js';
import { sseUpstream } from './upstream/sse.js';
import { stdioUpstream } from './upstream/stdio.js';
import { streamableHttpUpstream } from './upstream/streamable-http.js';
import type { Connect } from './upstream/upstream.js';

export interface ConnectContext {
  readonly limits: Config['limits'];
  /** Folders put at the end of children's PATH. */
  readonly extraPath: readonly string[];
  readonly watchdog: Watchdog;
  readonly log: Log;
  readonly metrics: ServerMetrics;
  readonly redactor: Redactor;
  /** Hears what servers of this machine write to stderr, without the secrets. */
  readonly onStderr: (line: string) => void;
}

/** Opens a child with further variables and arguments. */
export type Connector = (env: Readonly<Record<string, string>>, extraArgs?: readonly string[]) => Connect;

/** How a configured server is reached, whichever kind it is. @throws ConfigError if its `ca` file cannot be read */
export function connectorOf(name: string, server: ServerConfig, context: ConnectContext): Connector {
  const { limits, extraPath, watchdog, log, metrics, redactor, onStderr } = context;
  const { command, url } = server;
  if (url !== undefined) {
    const remote = {
      url: new URL(url),
      headers: server.headers,
      ca: server.ca === undefined ? undefined : readCa(name, server.ca),
      connectTimeout: server.startTimeout,
      maxMessage: limits.message,
    };
    const connect = redacted(isSse(server, remote.url) ? sseUpstream(remote) : streamableHttpUpstream(remote), redactor);
    return () => connect;
  }
  const stdio = {
    ...server,
    command: command as string, // the schema demands one of the two
    extraPath,
    watchdog,
    stop: { eofMs: server.stopEof, termMs: server.stopTerm },
    maxPendingInput: limits.childBuffer,
    maxMessage: limits.message,
    stderrLines: limits.stderrLines,
    redact: redactor.text,
    onStderr,
  };
  return (env, extraArgs = []) => {
    const args = [...server.args, ...extraArgs];
    // Put together at each start: a secret in it may have changed since the last one.
    const connect: Connect = (handlers) => stdioUpstream({ ...stdio, args, env: { ...server.env, ...env } }, log, metrics)(handlers);
    return redacted(connect, redactor, env);
  };
}

/** What a server lacks to be started at all, for people; asked before each start, since secrets may come later. */
export function needsOf(server: ServerConfig): string | undefined {
  const missing = server.requireEnv.filter((name) => !server.env[name] && !(server.passEnv.includes(name) && process.env[name]));
  return missing.length === 0
    ? undefined
    : `it needs ${missing.map((name) => `${name} (or ${name}_FILE)`).join(', ')}, which ${missing.length === 1 ? 'is' : 'are'} not set`;
}

function isSse({ transport, type }: ServerConfig, url: URL): boolean {
  const named = transport ?? type;
  return named === undefined ? url.pathname.endsWith('/sse') : named === 'sse';
}

function readCa(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(file, [{ line: undefined, column: undefined, key: `servers.${name}.ca`, message: `cannot be read: ${reasonOf(error)}` }]);
  }
}
