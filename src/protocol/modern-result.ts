import { type JsonObject, objectOf, parseMessage, stringOf } from './message.js';
import { memberSpan, type Span, skipSpace } from './scan.js';
import { replaceMembers } from './splice.js';

/** Results that a client may keep for a while (2026-07-28, caching). */
const CACHEABLE = new Set(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read', 'server/discover']);
const RESOURCE_NOT_FOUND = -32002;
const INVALID_PARAMS = -32602;
/** Errors are small; large replies are not searched for one. */
const MAX_ERROR_LENGTH = 64 * 1024;
const STATUS = new Map([
  [-32601, 404],
  [-32020, 400],
  [-32021, 400],
  [-32022, 400],
]);

/**
 * A reply as revision 2026-07-28 wants it, from a server of any era: what is there stays, what is missing is added.
 * Servers of earlier revisions know no caching hints, so their results are `private` and stale at once.
 *
 * @param raw    the reply, on its way to the client
 * @param method of the request
 */
export function toModern(raw: string, method: string): string {
  const result = spanOf(raw, skipSpace(raw, 0), 'result');
  if (!result || raw[result.start] !== '{') return method === 'resources/read' ? modernError(raw) : raw;
  if (has(raw, result, 'resultType')) return raw;
  let members = '"resultType":"complete"';
  if (CACHEABLE.has(method)) {
    if (!has(raw, result, 'ttlMs')) members += ',"ttlMs":0';
    if (!has(raw, result, 'cacheScope')) members += ',"cacheScope":"private"';
  }
  const isEmpty = raw[skipSpace(raw, result.start + 1)] === '}';
  return `${raw.slice(0, result.start + 1)}${members}${isEmpty ? '' : ','}${raw.slice(result.start + 1)}`;
}

/** HTTP status of a reply that is an error of the protocol itself (2026-07-28, Streamable HTTP: error handling). */
export function statusOf(raw: string): number {
  if (raw.length > MAX_ERROR_LENGTH || !raw.includes('"error"')) return 200;
  const code = objectOf(parseMessage(raw).body.error)?.code;
  return typeof code === 'number' ? (STATUS.get(code) ?? 200) : 200;
}

/** The kind of result that a reply carries; undefined for errors and for servers of the legacy era. */
export function resultTypeOf(raw: string): string | undefined {
  const result = spanOf(raw, skipSpace(raw, 0), 'result');
  const type = result && raw[result.start] === '{' ? spanOf(raw, result.start, 'resultType') : undefined;
  return type && stringOf(JSON.parse(raw.slice(type.start, type.end)));
}

/** Server capabilities without what the revision has taken out. */
export function modernCapabilities({ tasks: _tasks, ...capabilities }: JsonObject): JsonObject {
  return capabilities;
}

/** -32002 is not an error of this revision: an unknown resource is an invalid parameter. */
function modernError(raw: string): string {
  const { body } = parseMessage(raw);
  if (objectOf(body.error)?.code !== RESOURCE_NOT_FOUND) return raw;
  return replaceMembers(raw, body, [{ path: ['error', 'code'], json: String(INVALID_PARAMS) }]);
}

function spanOf(raw: string, start: number, key: string): Span | undefined {
  const span = memberSpan(raw, start, key);
  return span === 'ambiguous' ? undefined : span;
}

/** A key that is there in an ambiguous way counts as there: nothing is added beside it. */
function has(raw: string, { start }: Span, key: string): boolean {
  return memberSpan(raw, start, key) !== undefined;
}
