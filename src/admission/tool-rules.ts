import { HearthError } from '../errors.js';
import { type JsonObject, objectOf, stringOf } from '../protocol/message.js';
import { matches } from '../protocol/wildcard.js';

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
  constructor(
    private readonly server: string,
    private readonly settings: ToolRuleSettings,
  ) {}

  /** Whether there is any rule. */
  get active(): boolean {
    const { allowTools, denyTools, readOnly } = this.settings;
    return allowTools !== undefined || denyTools.length > 0 || readOnly;
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
    const { allowTools, denyTools } = this.settings;
    const isOneOf = (patterns: readonly string[]): boolean => patterns.some((pattern) => matches(pattern, name));
    return (allowTools === undefined || isOneOf(allowTools)) && !isOneOf(denyTools);
  }

  #refuse(name: string, rule: string): HearthError {
    return new HearthError('invalid_params', `Tool "${name}" of server "${this.server}" is not offered here (${rule}).`, this.server);
  }
}
