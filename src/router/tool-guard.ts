import { ArgumentCheck } from '../admission/argument-check.js';
import { type ToolRuleSettings, ToolRules } from '../admission/tool-rules.js';
import type { HearthError } from '../errors.js';
import { isObject, type JsonObject, objectOf, type RequestMessage, type ResponseMessage } from '../protocol/message.js';
import type { Log } from '../telemetry/log.js';
import { type Rewrites, toolOf } from './pending.js';

export interface GuardSettings extends ToolRuleSettings {
  /** Whether arguments are checked against the schemas of their tools. */
  readonly validate: boolean;
}

/** Decides for one server which tools are seen and called, and with what arguments. */
export class ToolGuard {
  readonly #rules: ToolRules;
  readonly #check: ArgumentCheck | undefined;

  /** @param find a tool as it was listed, if it was */
  constructor(
    server: string,
    settings: GuardSettings,
    private readonly find: (name: string) => JsonObject | undefined,
    log: Log,
  ) {
    this.#rules = new ToolRules(server, settings);
    const warn = (tool: string, why: string): void => log.warn('schema_unusable', `arguments of tool "${tool}" are not checked: ${why}`, { tool });
    this.#check = settings.validate ? new ArgumentCheck(server, warn) : undefined;
  }

  admits(tool: JsonObject): boolean {
    return this.#rules.admits(tool);
  }

  /** Whether it can be said now if a request is refused. */
  isReady(message: RequestMessage, rewrites: Rewrites | undefined): boolean {
    const tool = this.#checked(message, rewrites);
    return !tool || this.#check?.knows(tool) === true;
  }

  /** Until it can be said. */
  async prepare(message: RequestMessage, rewrites: Rewrites | undefined): Promise<void> {
    const tool = this.#checked(message, rewrites);
    if (tool) await this.#check?.learn(tool);
  }

  /** Why a request is refused; undefined if it is not, as all but calls of tools. */
  refusal(message: RequestMessage, rewrites: Rewrites | undefined): HearthError | undefined {
    if (!this.#rules.active && !this.#check) return undefined;
    const name = toolOf(message, rewrites);
    if (name === undefined) return undefined;
    const tool = this.find(name);
    return this.#rules.refusal(name, tool) ?? (tool && this.#check?.refusal(tool, message.params?.arguments));
  }

  /** The tool whose arguments are checked, if any are. */
  #checked(message: RequestMessage, rewrites: Rewrites | undefined): JsonObject | undefined {
    const name = this.#check && toolOf(message, rewrites);
    return name === undefined ? undefined : this.find(name);
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
