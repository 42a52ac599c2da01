import { HearthError } from '../errors.js';
import { insertMembers } from './insert.js';
import { isObject, type JsonObject, objectOf, type RequestMessage, stringOf } from './message.js';
import { replaceMembers } from './splice.js';

/** Reserved members of `_meta` in revision 2026-07-28. */
export const META = {
  version: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscription: 'io.modelcontextprotocol/subscriptionId',
} as const;

const ENVELOPE: ReadonlySet<string> = new Set([META.version, META.clientInfo, META.capabilities, META.logLevel]);

/** What every request of the modern era says of its client (2026-07-28, base protocol: request metadata). */
export interface Envelope {
  readonly version: string;
  readonly capabilities: JsonObject;
  readonly clientInfo: JsonObject | undefined;
  /** Without it the server must not send log records for the request. */
  readonly logLevel: string | undefined;
}

/** Whether a message says that it belongs to the modern era. */
export function claimsEnvelope(params: JsonObject | undefined): boolean {
  const meta = objectOf(params?._meta);
  return meta !== undefined && Object.hasOwn(meta, META.version);
}

/** @throws HearthError `invalid_params` that names what is missing or malformed */
export function readEnvelope(params: JsonObject | undefined): Envelope {
  const meta = objectOf(params?._meta);
  const missing = [META.version, META.capabilities].filter((key) => meta?.[key] === undefined);
  if (!meta || missing.length > 0) throw invalid(`is missing ${meta ? missing.join(', ') : '_meta'}`, { missing: meta ? missing : ['_meta'] });
  const { [META.version]: version, [META.capabilities]: capabilities, [META.clientInfo]: clientInfo, [META.logLevel]: logLevel } = meta;
  if (typeof version !== 'string') throw malformed(META.version, 'a string');
  if (!isObject(capabilities)) throw malformed(META.capabilities, 'an object');
  if (clientInfo !== undefined && !isObject(clientInfo)) throw malformed(META.clientInfo, 'an object');
  if (logLevel !== undefined && typeof logLevel !== 'string') throw malformed(META.logLevel, 'a string');
  return { version, capabilities, clientInfo: objectOf(clientInfo), logLevel: stringOf(logLevel) };
}

/** The same as members of `_meta`. */
export function envelopeMembers({ version, capabilities, clientInfo, logLevel }: Envelope): JsonObject {
  return {
    [META.version]: version,
    [META.capabilities]: capabilities,
    ...(clientInfo && { [META.clientInfo]: clientInfo }),
    ...(logLevel !== undefined && { [META.logLevel]: logLevel }),
  };
}

/** A request with an envelope of its own. */
export function withEnvelope(message: RequestMessage, envelope: Envelope): RequestMessage {
  const { raw, body } = insertMembers(message, ['params', '_meta'], envelopeMembers(envelope));
  return { ...message, raw, body, params: objectOf(body.params) };
}

/** A request as a server of the legacy era knows it. */
export function withoutEnvelope(message: RequestMessage): RequestMessage {
  const { params } = message;
  const meta = objectOf(params?._meta);
  if (!params || !meta) return message;
  const own = Object.fromEntries(Object.entries(meta).filter(([key]) => !ENVELOPE.has(key)));
  const raw = replaceMembers(message.raw, message.body, [{ path: ['params', '_meta'], json: JSON.stringify(own) }]);
  const rest = { ...params, _meta: own };
  return { ...message, raw, body: { ...message.body, params: rest }, params: rest };
}

function malformed(key: string, expected: string): HearthError {
  return invalid(`has a malformed ${key}: expected ${expected}`, { envelope: { key, problem: `expected ${expected}` } });
}

function invalid(what: string, details: JsonObject): HearthError {
  return new HearthError('invalid_params', `Invalid params: a request of revision 2026-07-28 ${what}.`, undefined, details);
}
