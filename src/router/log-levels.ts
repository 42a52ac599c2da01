import type { Caller } from './router.js';

/** RFC 5424 severities as MCP names them, most verbose first. */
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
/** What a session that never chose a level gets once another session chose one. */
const UNCHOSEN = LEVELS.indexOf('info');

/** Each session's own log level on a server that knows only one. */
export class LogLevels {
  readonly #chosen = new Map<Caller, number>();
  /** The server keeps a level that was chosen, also when its session has ended. */
  #everChosen = false;

  /** @returns false if there is no such level */
  set(caller: Caller, level: unknown): boolean {
    const index = LEVELS.indexOf(String(level));
    if (index === -1) return false;
    this.#chosen.set(caller, index);
    this.#everChosen = true;
    return true;
  }

  /** The level that a session asked for. */
  chosen(caller: Caller): string | undefined {
    const index = this.#chosen.get(caller);
    return index === undefined ? undefined : LEVELS[index];
  }

  release(caller: Caller): void {
    this.#chosen.delete(caller);
  }

  /** The most verbose level that anybody asked for; this one goes to the server. */
  mostVerbose(): string | undefined {
    return this.#chosen.size === 0 ? undefined : LEVELS[Math.min(...this.#chosen.values())];
  }

  /** Whether a session should see a record of this level. Levels that are not in the specification always pass. */
  admits(caller: Caller, level: unknown): boolean {
    if (!this.#everChosen) return true;
    const index = LEVELS.indexOf(String(level));
    return index === -1 || index >= (this.#chosen.get(caller) ?? UNCHOSEN);
  }
}
