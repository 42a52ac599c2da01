import { HearthError } from '../errors.js';
import { type JsonObject, objectOf, stringOf } from '../protocol/message.js';

export interface ToolRuleSettings {
  /** Patterns of the only tools that are offered; undefined for all. `*` stands for any text. */
  readonly allowTools: readonly string[] | undefined;
  /** Patterns of tools that are not offered, whatever else says so. */
  readonly denyTools: readonly string[];
  /** Only tools that are annotated as read-only are offered. */
  readonly readOnly: boolean;
}

/** Which tools of one server are offered at all: what is not, is neither listed nor called. */
export class ToolRules {
  readonly #allow: RegExp | undefined;
  readonly #deny: RegExp | undefined;

  constructor(
    private readonly server: string,
    private readonly settings: ToolRuleSettings,
  ) {
    this.#allow = settings.allowTools && matcher(settings.allowTools);
    this.#deny = settings.denyTools.length > 0 ? matcher(settings.denyTools) : undefined;
  }

  /** Whether there is any rule. */
  get active(): boolean {
    return this.#allow !== undefined || this.#deny !== undefined || this.settings.readOnly;
  }

  admits(tool: JsonObject): boolean {
    if (!this.#admitsName(stringOf(tool.name) ?? '')) return false;
    return !this.settings.readOnly || objectOf(tool.annotations)?.readOnlyHint === true;
  }

  /**
   * Why a tool cannot be called; undefined if it can.
   * @param listed the tool as it was listed, if it was
   */
  refusal(name: string, listed: JsonObject | undefined): HearthError | undefined {
    if (!this.#admitsName(name)) return this.#refuse(name, 'allowTools, denyTools');
    // Without its annotations nothing says that it is harmless.
    if (this.settings.readOnly && !(listed && this.admits(listed))) return this.#refuse(name, 'readOnly');
    return undefined;
  }

  #admitsName(name: string): boolean {
    return (this.#allow?.test(name) ?? true) && !this.#deny?.test(name);
  }

  #refuse(name: string, rule: string): HearthError {
    return new HearthError('invalid_params', `Tool "${name}" of server "${this.server}" is not offered here (${rule}).`, this.server);
  }
}

/** Matches names against patterns in which `*` stands for any text. */
export function matcher(patterns: readonly string[]): RegExp {
  // Runs of stars are one, so that no pattern backtracks.
  const sources = patterns.map((pattern) => pattern.split(/\*+/).map(RegExp.escape).join('.*'));
  return new RegExp(`^(?:${sources.join('|')})$`, 's');
}
