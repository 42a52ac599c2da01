import { HearthError } from '../errors.js';
import { isObject, type JsonObject, objectOf, stringOf } from '../protocol/message.js';

/** What is known of a server once it is ready. */
export interface Handshake {
  /** The result of `initialize`, as the server gave it. */
  readonly initialize: JsonObject;
  readonly protocolVersion: string;
  readonly capabilities: JsonObject;
  readonly tools: readonly JsonObject[];
}

/** Sends one request of hearth's own and waits for its result. */
export type Ask = (method: string, params?: JsonObject) => Promise<unknown>;

/** A server may page its lists; one that never ends its pages is broken. */
const MAX_PAGES = 1_000;

/**
 * Brings a fresh server to the point where a tool call works: `initialize`, `notifications/initialized`, and the
 * list of its tools. The list doubles as a barrier: whatever the server asks back because of `initialized` (a
 * roots list, for instance) arrives before it, while no client's request can be mistaken for the cause.
 *
 * @throws HearthError `unavailable` when the server answers with something that is not a handshake
 */
export async function shakeHands(ask: Ask, confirm: () => void, params: JsonObject): Promise<Handshake> {
  const initialize = objectOf(await ask('initialize', params));
  const protocolVersion = stringOf(initialize?.protocolVersion);
  if (!initialize || protocolVersion === undefined) {
    throw new HearthError('unavailable', 'the server answered initialize without a protocol version');
  }
  confirm();
  const capabilities = objectOf(initialize.capabilities) ?? {};
  const tools = capabilities.tools ? await listAll(ask, 'tools/list', 'tools') : [];
  return { initialize, protocolVersion, capabilities, tools };
}

/**
 * All pages of one of the list methods.
 * @param key member of the result that holds the entries
 */
export async function listAll(ask: Ask, method: string, key: string): Promise<JsonObject[]> {
  const entries: JsonObject[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const result = objectOf(await ask(method, cursor === undefined ? {} : { cursor }));
    const found: unknown = result?.[key];
    if (Array.isArray(found)) entries.push(...found.filter(isObject));
    cursor = stringOf(result?.nextCursor);
    if (cursor === undefined) return entries;
  }
  throw new HearthError('unavailable', `the server's ${method} does not end after ${MAX_PAGES} pages`);
}
