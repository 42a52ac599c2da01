import type { Config } from '../config/schema.js';
import type { ServeFlags } from './options.js';

/** The config with what flags and environment say laid over it: flag over env over file over default. */
export function applyFlags(config: Config, flags: ServeFlags): Config {
  const { host, port, policy, poolSize, stateless, jsonResponse, heartbeat, allowedHosts, allowedOrigins } = flags;
  const servers = Object.entries(config.servers).map(([name, server]) => [name, { ...server, ...defined({ policy, poolSize }) }] as const);
  return {
    ...config,
    listen: { ...config.listen, ...defined({ host, port }) },
    servers: Object.fromEntries(servers),
    http: { ...config.http, ...defined({ stateless, jsonResponse, heartbeat, allowedHosts, allowedOrigins, maxEvent: flags.maxEventSize }) },
    traces: { ...config.traces, ...defined({ endpoint: flags.tracesEndpoint }) },
    state: { ...config.state, ...defined({ dir: flags.stateDir }) },
    auth: { ...config.auth, ...defined({ apiKeyFile: flags.apiKeyFile }) },
    limits: {
      ...config.limits,
      ...defined({
        sessionTimeout: flags.sessionTimeout,
        requestTimeout: flags.requestTimeout,
        concurrency: flags.maxConcurrent,
        message: flags.maxMessageSize,
      }),
    },
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the members that are undefined, which must not hide what the file says. */
function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
