import { HearthError } from '../errors.js';

/**
 * `needs-config`: not started, since it lacks something that only people can give. `backoff`: failed, the next start is
 * planned. `failed`: given up for a while.
 */
export type State = 'idle' | 'needs-config' | 'starting' | 'ready' | 'backoff' | 'failed' | 'stopped';

/** What no time of waiting mends. */
export const HOPELESS: ReadonlySet<State> = new Set(['needs-config', 'failed', 'stopped']);

/** States that a reset by hand ends. */
export const RESETTABLE: ReadonlySet<State> = new Set(['needs-config', 'failed', 'backoff']);

const NEXT: Partial<Record<State, string>> = {
  'needs-config': 'set what it needs, then restart hearth',
  failed: 'hearth stopped restarting it; see /status, mend it, then reset it',
};

/** Why a server cannot be reached now, for a client. */
export function unavailableError(server: string, state: State, cause: HearthError | undefined): HearthError {
  const why = cause?.message ?? 'it has not become ready yet';
  const next = NEXT[state] ?? 'hearth is restarting it; try again';
  return new HearthError('unavailable', `Server "${server}" is not available (${state}): ${why}; ${next}.`, server);
}
