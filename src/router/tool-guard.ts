import { ArgumentCheck } from '../admission/argument-check.js';
import { type ToolRuleSettings, ToolRules } from '../admission/tool-rules.js';
import type { HearthError } from '../errors.js';
import { isObject, type JsonObject, objectOf, type RequestMessage, type ResponseMessage } from '../protocol/message.js';
import type { Log } from '../telemetry/log.js';
import type { Rewrites } from './pending.js';

export interface GuardSettings extends ToolRuleSettings {
  /** Whether arguments are checked against the schemas of their tools. */
  readonly validate: boolean;
}

/** Decides for one server which tools are seen and called, and with what arguments. */
export class ToolGuard {
  readonly #rules: ToolRules;
  readonly #check: ArgumentCheck | undefined;

  constructor(server: string, settings: GuardSettings, log: Log) {
    this.#rules = new ToolRules(server, settings);
    const warn = (tool: string, why: string): void => log.warn('schema_unusable', `arguments of tool "${tool}" are not checked: ${why}`, { tool });
    this.#check = settings.validate ? new ArgumentCheck(server, warn) : undefined;
  }

  /** Whether calls need a look at all. */
  get active(): boolean {
    return this.#rules.active || this.#check !== undefined;
  }

  admits(tool: JsonObject): boolean {
    return this.#rules.admits(tool);
  }

  /**
   * Why a call is refused; undefined if it is not.
   * @param tool the tool as it was listed, if it was
   */
  async refusal(name: string, tool: JsonObject | undefined, { params }: RequestMessage): Promise<HearthError | undefined> {
    return this.#rules.refusal(name, tool) ?? (tool && (await this.#check?.refusal(tool, params?.arguments)));
  }

  /** A list of tools without those that are not offered. */
  listed(rewrites: Rewrites | undefined): Rewrites | undefined {
    return this.#rules.active ? { ...rewrites, result: (answer) => this.#filtered(answer) } : rewrites;
  }

  #filtered(answer: ResponseMessage): ResponseMessage {
    const result = objectOf(answer.body.result);
    if (!result || !Array.isArray(result.tools)) return answer;
    const tools = result.tools.filter((tool) => isObject(tool) && this.admits(tool));
    if (tools.length === result.tools.length) return answer;
    const body: JsonObject = { ...answer.body, result: { ...result, tools } };
    return { ...answer, body, raw: JSON.stringify(body) };
  }
}
