import { META } from './envelope.js';
import { type JsonObject, objectOf, parseMessage, stringOf } from './message.js';
import { memberSpan, memberSpans, type Span, skipSpace } from './scan.js';
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

/** What results of the modern era have and those of the legacy era have not. */
const MODERN_ONLY = new Set(['resultType', 'ttlMs', 'cacheScope']);

/** A reply of a server of the modern era as clients of the legacy era know it. */
export function toLegacy(raw: string): string {
  const result = spanOf(raw, skipSpace(raw, 0), 'result');
  if (!result || raw[result.start] !== '{') return raw;
  const meta = spanOf(raw, result.start, '_meta');
  const isIdentity = (key: string): boolean => key === META.serverInfo;
  // From the back, so that the places of what comes before stay right.
  if (!meta || raw[meta.start] !== '{') return without(raw, result.start, (key) => MODERN_ONLY.has(key));
  const members = memberSpans(raw, meta.start);
  if (members.length > 0 && members.every(({ key }) => isIdentity(key))) {
    return without(raw, result.start, (key) => MODERN_ONLY.has(key) || key === '_meta');
  }
  return without(without(raw, meta.start, isIdentity), result.start, (key) => MODERN_ONLY.has(key));
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

/** A text without some members of the object that starts at `start`. */
function without(raw: string, start: number, isGone: (key: string) => boolean): string {
  const members = memberSpans(raw, start);
  const kept = members.filter(({ key }) => !isGone(key));
  const [first] = members;
  const last = members.at(-1);
  if (!first || !last || kept.length === members.length) return raw;
  const text = kept.map((member) => raw.slice(member.start, member.end)).join('');
  // Where the last member is gone, the one before it still has its comma.
  const tidy = kept.at(-1) === last ? text : text.replace(/,\s*$/, '');
  return raw.slice(0, first.start) + tidy + raw.slice(last.end);
}

function spanOf(raw: string, start: number, key: string): Span | undefined {
  const span = memberSpan(raw, start, key);
  return span === 'ambiguous' ? undefined : span;
}

/** A key that is there in an ambiguous way counts as there: nothing is added beside it. */
function has(raw: string, { start }: Span, key: string): boolean {
  return memberSpan(raw, start, key) !== undefined;
}
