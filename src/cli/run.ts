import { App } from '../app.js';
import { isAuthOn } from '../auth/settings.js';
import type { Config } from '../config/schema.js';
import { createLog, type Log, type LogFormat, type LogLevel } from '../telemetry/log.js';
import type { Redactor } from '../telemetry/redactor.js';
import { VERSION } from '../version.js';
import { binFolders } from './bin-folders.js';
import { EXIT } from './exit.js';
import { pasteHint, pasteLines } from './hints.js';

export interface LogFlags {
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
}

/** @param pretty whether a person is likely to read */
export function logFor(flags: LogFlags, redactor: Redactor, pretty = process.stdout.isTTY === true): Log {
  return createLog(flags.logLevel, flags.logFormat ?? (pretty ? 'pretty' : 'json'), process.stdout, redactor);
}

/** Runs a config until a signal comes: the first one drains, a second one does not wait. */
export async function run(config: Config, log: Log, redactor: Redactor): Promise<void> {
  const app = new App({ config, version: VERSION, extraPath: binFolders(), log, redactor });
  const url = await app.start();
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) {
      log.warn('forced', `${signal} again: not waiting any longer`);
      process.exit(EXIT.failed);
    }
    stopping = true;
    log.info('stopping', `${signal}: no new sessions; requests in flight have ${config.limits.drain / 1000} s`);
    void app.stop().then(() => {
      log.info('stopped', 'all servers have ended');
      process.exitCode = EXIT.ok;
      setImmediate(() => process.exit());
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  warnIfExposed(config, log);
  warnIfCostly(config, log);
  const servers = Object.keys(config.servers);
  log.info('listening', `hearth ${VERSION} listens on ${url} (/sse, /mcp)`, { url, sse: `${url}/sse`, mcp: `${url}/mcp`, servers });
  log.info('connect', 'lines to paste into clients', { paste: pasteLines(url), hint: pasteHint(url, servers) });
}

/** One line, and where both things are to be said, in it. */
function warnIfExposed({ listen, http, auth }: Config, log: Log): void {
  const isLoopback = /^(?:localhost|::1|127(?:\.\d{1,3}){3})$/.test(listen.host);
  const named = http.allowedHosts.length > 0;
  const authentication = isAuthOn(auth);
  if (isLoopback || (named && authentication)) return;
  const hosts = named ? '' : ' Requests are accepted for localhost and IP addresses only; name your host with --allowed-hosts.';
  const keys = authentication ? '' : ' There is no authentication: whoever reaches this port can call every tool; see --api-key-file.';
  log.warn(named ? 'no_authentication' : 'allowed_hosts_unset', `listening on ${listen.host}, for other machines too.${hosts}${keys}`, {
    authentication,
  });
}

function warnIfCostly({ http, servers }: Config, log: Log): void {
  const names = Object.entries(servers).flatMap(([name, { policy }]) => (policy === 'per-session' ? [name] : []));
  if (!http.stateless || names.length === 0) return;
  log.warn('stateless_per_session', `stateless, and policy per-session for ${names.join(', ')}: every POST on /mcp starts a child of its own`);
}
