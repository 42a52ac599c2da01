import type { LoadedConfig } from '../config/load.js';
import type { Config, ServerConfig } from '../config/schema.js';
import { reasonOf } from '../errors.js';
import type { Log } from '../telemetry/log.js';

/**
 * Reads the config again and again, and takes over what is new in servers' `env` and `headers`: secrets that were changed
 * in their store. Children that start from then on get them, and requests to remote servers from then on. A child that
 * runs keeps what it was started with. When something is wrong, the old values stay.
 *
 * @param config  changed in place
 * @param everyMs time between two looks, in milliseconds; 0 for never
 */
export function keepFresh(config: Config, load: () => Promise<LoadedConfig>, everyMs: number, log: Log): void {
  if (everyMs === 0) return;
  const look = async (): Promise<void> => {
    try {
      const { servers } = (await load()).config;
      for (const [name, server] of Object.entries(config.servers)) {
        const fresh = servers[name];
        if (fresh && takeOver(server, fresh))
          log.info('secrets_changed', 'secrets have changed; children that start from now on get them', { server: name });
      }
    } catch (error) {
      log.warn('secrets_not_refreshed', `secrets could not be read again, the old ones stay: ${reasonOf(error)}`);
    }
    next();
  };
  const next = (): void => void setTimeout(() => void look(), everyMs).unref();
  next();
}

function takeOver(server: ServerConfig, fresh: ServerConfig): boolean {
  const changes = [replace(server.env, fresh.env), replace(server.headers, fresh.headers)];
  return changes.includes(true);
}

/** In place, since those who use it hold this very object. @returns whether anything differs */
function replace(target: Record<string, string>, source: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(source);
  if (entries.length === Object.keys(target).length && entries.every(([key, value]) => target[key] === value)) return false;
  for (const key of Object.keys(target)) if (!Object.hasOwn(source, key)) delete target[key];
  Object.assign(target, source);
  return true;
}
