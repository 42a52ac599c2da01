import type { Principal } from '../auth/principal.js';
import { HearthError } from '../errors.js';
import { isObject, type JsonObject, objectOf, type RequestMessage, type ResponseMessage, stringOf } from '../protocol/message.js';
import type { Rewrites } from './pending.js';
import type { Caller } from './router.js';

/** Why a caller may not make a call; undefined if it may. Reads like an unknown tool: the list does not show it either. */
export function callRefusal({ principal }: Caller, { method, params }: RequestMessage): HearthError | undefined {
  const name = stringOf(params?.name) ?? '';
  if (method !== 'tools/call' || !principal || principal.mayCall(name)) return undefined;
  return new HearthError('invalid_params', `Unknown tool: ${name}. There is none of this name, or your key does not cover it.`);
}

/** Whether a caller may know of a server. */
export function mayKnow({ principal }: Caller, server: string): boolean {
  return principal?.mayUse(server) !== false;
}

/** A list of tools with what the caller may call only. */
export function scopedList({ principal }: Caller, rewrites: Rewrites | undefined): Rewrites | undefined {
  if (!principal || principal.scope === '') return rewrites;
  return { ...rewrites, result: (answer) => withoutHidden(principal, rewrites?.result?.(answer) ?? answer) };
}

function withoutHidden(principal: Principal, answer: ResponseMessage): ResponseMessage {
  const result = objectOf(answer.body.result);
  if (!result || !Array.isArray(result.tools)) return answer;
  const tools = result.tools.filter((tool) => isObject(tool) && principal.mayCall(stringOf(tool.name) ?? ''));
  const body: JsonObject = { ...answer.body, result: { ...result, tools } };
  return { ...answer, body, raw: JSON.stringify(body) };
}
