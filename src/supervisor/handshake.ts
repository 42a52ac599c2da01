import { HearthError } from '../errors.js';
import { type Envelope, envelopeMembers, META } from '../protocol/envelope.js';
import { isObject, type JsonObject, objectOf, stringOf } from '../protocol/message.js';
import { type Era, LATEST_STATELESS_VERSION, STATELESS_VERSIONS } from '../protocol/versions.js';

/** What is known of a server once it is ready. */
export interface Handshake {
  readonly era: Era;
  /** The result of `initialize`, as the server gave it, or would have given it if it knew the method. */
  readonly initialize: JsonObject;
  /** The result of `server/discover`, of a server of the modern era. */
  readonly discover: JsonObject | undefined;
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
 * @param params of `initialize`
 * @param era    of the server; `auto` asks one that refuses `initialize` whether it is of the modern era
 * @throws HearthError `unavailable` when the server answers with something that is not a handshake
 */
export async function shakeHands(ask: Ask, confirm: () => void, params: JsonObject, era: Era | 'auto'): Promise<Handshake> {
  if (era === 'modern') return discover(ask, params);
  let initialize: JsonObject | undefined;
  try {
    initialize = objectOf(await ask('initialize', params));
  } catch (error) {
    const isRefusal = error instanceof HearthError && error.code === 'unavailable';
    if (era === 'legacy' || !isRefusal) throw error;
    return discover(ask, params).catch(() => Promise.reject(error));
  }
  const protocolVersion = stringOf(initialize?.protocolVersion);
  if (!initialize || protocolVersion === undefined) {
    throw new HearthError('unavailable', 'the server answered initialize without a protocol version');
  }
  confirm();
  const capabilities = objectOf(initialize.capabilities) ?? {};
  return { era: 'legacy', initialize, discover: undefined, protocolVersion, capabilities, tools: await toolsOf(capabilities, ask) };
}

/** The start of a server of the modern era, which has no handshake: what it is and has. */
async function discover(ask: Ask, params: JsonObject): Promise<Handshake> {
  const askModern: Ask = (method, own) => ask(method, enveloped(own, envelopeFrom(params)));
  const found = objectOf(await askModern('server/discover'));
  const protocolVersion = supportedVersion(found);
  if (!found || protocolVersion === undefined) throw new HearthError('unavailable', 'the server speaks no revision that hearth knows');
  const capabilities = objectOf(found.capabilities) ?? {};
  const serverInfo = objectOf(objectOf(found._meta)?.[META.serverInfo]) ?? { name: 'unknown', version: '0' };
  const instructions = stringOf(found.instructions);
  const initialize = { protocolVersion, capabilities, serverInfo, ...(instructions !== undefined && { instructions }) };
  return { era: 'modern', initialize, discover: found, protocolVersion, capabilities, tools: await toolsOf(capabilities, askModern) };
}

/** The newest revision without a handshake that a server's discovery names and hearth speaks. */
export function supportedVersion(discovered: JsonObject | undefined): string | undefined {
  const versions: unknown = discovered?.supportedVersions;
  return Array.isArray(versions) ? STATELESS_VERSIONS.findLast((version) => versions.includes(version)) : undefined;
}

/** What hearth's own requests say of the client, from the params of an `initialize`. */
export function envelopeFrom(params: JsonObject | undefined, logLevel?: string): Envelope {
  const { tasks: _tasks, ...capabilities } = objectOf(params?.capabilities) ?? {};
  return { version: LATEST_STATELESS_VERSION, capabilities, clientInfo: objectOf(params?.clientInfo), logLevel };
}

/** Params of a request with an envelope. */
export function enveloped(params: JsonObject | undefined, envelope: Envelope): JsonObject {
  return { ...params, _meta: { ...objectOf(params?._meta), ...envelopeMembers(envelope) } };
}

function toolsOf(capabilities: JsonObject, ask: Ask): Promise<JsonObject[]> {
  return capabilities.tools ? listAll(ask, 'tools/list', 'tools') : Promise.resolve([]);
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
