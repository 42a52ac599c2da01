import type { IncomingHttpHeaders } from 'node:http';
import { HearthError } from '../errors.js';
import type { Envelope } from '../protocol/envelope.js';
import { isObject, type JsonObject, type RequestMessage, stringOf } from '../protocol/message.js';
import { STATELESS_VERSIONS } from '../protocol/versions.js';
import { paramHeadersOf } from './param-headers.js';

/** Which member of the params the `Mcp-Name` header repeats (2026-07-28, Streamable HTTP: standard request headers; tasks extension). */
const NAME_SOURCE: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

const SENTINEL = /^=\?base64\?(.*)\?=$/s;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DECIMAL = /^-?\d+(\.\d+)?$/;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Headers repeat what the body says, for proxies that do not read bodies; where they disagree, somebody would be
 * fooled (2026-07-28, Streamable HTTP: request headers).
 *
 * @throws HearthError `header_mismatch`, `unsupported_version`
 */
export function checkStandardHeaders(headers: IncomingHttpHeaders, message: RequestMessage, { version }: Envelope): void {
  const named = stringOf(headers['mcp-protocol-version']);
  if (named !== undefined && named !== version) throw mismatch('MCP-Protocol-Version', `names ${quote(named)} but the body ${quote(version)}`);
  if (!STATELESS_VERSIONS.includes(version)) {
    const details = { supported: STATELESS_VERSIONS, requested: version };
    throw new HearthError('unsupported_version', `Unsupported protocol version ${quote(version)}.`, undefined, details);
  }
  if (named === undefined) throw mismatch('MCP-Protocol-Version', 'is missing');
  const method = stringOf(headers['mcp-method']);
  if (method !== message.method) {
    throw mismatch('Mcp-Method', method === undefined ? 'is missing' : `names ${quote(method)} but the body ${quote(message.method)}`);
  }
  const source = Object.hasOwn(NAME_SOURCE, message.method) ? NAME_SOURCE[message.method] : undefined;
  const name = source === undefined ? undefined : stringOf(message.params?.[source]);
  if (name !== undefined) checkValue('Mcp-Name', stringOf(headers['mcp-name']), (decoded) => decoded === name, name);
}

/**
 * The same for arguments of a tool that its schema wants repeated (`x-mcp-header`).
 * @throws HearthError `header_mismatch`
 */
export function checkParamHeaders(headers: IncomingHttpHeaders, tool: JsonObject | undefined, args: unknown): void {
  if (!tool) return;
  for (const { header, path, isNumber } of paramHeadersOf(tool)) {
    const value = path.reduce<unknown>((inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined), args);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue; // absent, or for the schema to refuse
    const isEqual = (decoded: string): boolean =>
      isNumber && typeof value === 'number' && DECIMAL.test(decoded) ? Number(decoded) === value : decoded === String(value);
    checkValue(header, stringOf(headers[header.toLowerCase()]), isEqual, String(value));
  }
}

function checkValue(header: string, given: string | undefined, isEqual: (decoded: string) => boolean, expected: string): void {
  if (given === undefined) throw mismatch(header, 'is missing');
  const decoded = decode(given.trim());
  if (decoded === undefined) throw mismatch(header, 'is not valid Base64');
  if (!isEqual(decoded)) throw mismatch(header, `names ${quote(decoded)} but the body ${quote(expected)}`);
}

/** A header value, which holds what headers cannot hold as `=?base64?...?=`. Undefined if that is malformed. */
function decode(value: string): string | undefined {
  const payload = SENTINEL.exec(value)?.[1];
  if (payload === undefined) return value;
  if (!BASE64.test(payload)) return undefined;
  try {
    return UTF8.decode(Buffer.from(payload, 'base64'));
  } catch {
    return undefined;
  }
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function mismatch(header: string, what: string): HearthError {
  return new HearthError('header_mismatch', `Bad request: the ${header} header ${what}.`, undefined, { header });
}
