import { isObject, type JsonObject, objectOf, type RequestMessage, stringOf } from '../protocol/message.js';

/** Requests that a client can only answer if it declared the capability. */
const NEEDED: Readonly<Record<string, string>> = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
};

/** Whether a server's request is one that both eras know, so that it can be put in the words of either. */
export function isQuestion(method: string): boolean {
  return Object.hasOwn(NEEDED, method);
}

/**
 * The capability, as a client would declare it, that a question needs and the client lacks; undefined if it can be asked.
 * A bare `elicitation: {}` means forms (2025-11-25, elicitation: capabilities).
 */
export function missingCapability({ method, params }: RequestMessage, offered: JsonObject): JsonObject | undefined {
  const needed = Object.hasOwn(NEEDED, method) ? NEEDED[method] : undefined;
  if (needed === undefined) return undefined;
  const declared = objectOf(offered[needed]);
  const mode = method === 'elicitation/create' ? (stringOf(params?.mode) ?? 'form') : undefined;
  if (!declared) return { [needed]: mode === 'url' ? { url: {} } : {} };
  const isBare = declared.form === undefined && declared.url === undefined;
  if (mode === undefined || declared[mode] !== undefined || (mode === 'form' && isBare)) return undefined;
  return { [needed]: { [mode]: {} } };
}

/** The same by name, for people. */
export function unmetCapability(question: RequestMessage, offered: JsonObject): string | undefined {
  const missing = missingCapability(question, offered);
  return missing && Object.keys(missing)[0];
}

/** An entry of `inputRequests` as a request of the legacy era; undefined if it is none that this era knows. */
export function questionOf(id: number, entry: unknown): RequestMessage | undefined {
  const { method, params } = objectOf(entry) ?? {};
  if (typeof method !== 'string' || !isQuestion(method) || (params !== undefined && !isObject(params))) return undefined;
  const complete = isUrlElicitation(method, params) ? { ...params, elicitationId: `hearth-${crypto.randomUUID()}` } : params;
  const body: JsonObject = { jsonrpc: '2.0', id, method, ...(complete && { params: complete }) };
  return { kind: 'request', raw: JSON.stringify(body), body, id, method, params: complete };
}

/** The legacy era wants an id there, which the modern one has taken out. */
function isUrlElicitation(method: string, params: JsonObject | undefined): params is JsonObject {
  return method === 'elicitation/create' && params?.mode === 'url' && params.elicitationId === undefined;
}
