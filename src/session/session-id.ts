import { createHash, randomUUID } from 'node:crypto';
import { isObject, type JsonObject, objectOf, stringOf } from '../protocol/message.js';

/** What a session id says of its session: enough to open it again in another process (docs/adr/0010). */
export interface Ticket {
  readonly uuid: string;
  /** The endpoint that it was opened at: empty, or `/servers/<name>`. */
  readonly prefix: string;
  /** Whose it is, as a hash; empty for nobody's. */
  readonly owner: string;
  /** When it was issued, in seconds since 1970. */
  readonly issuedAt: number;
  /** Params of the client's `initialize`. */
  readonly params: JsonObject;
}

const UUID_LENGTH = 36;
const FORM = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{1,4096})\.([\w-]{16})$/;
/** Keeps the payload at about 1 KiB: proxies and servers limit the size of all headers together. */
const MAX_CAPABILITIES = 640;
const MAX_TEXT = 48;
/** What is kept of capabilities that are too many even by name. */
const WELL_KNOWN = ['roots', 'sampling', 'elicitation', 'tasks', 'extensions', 'experimental'];

/** The id as it travels in `Mcp-Session-Id`: visible ASCII (2025-03-26, transports: session management). */
export function formatSessionId({ uuid, prefix, owner, issuedAt, params }: Ticket): string {
  const { name, version } = objectOf(params.clientInfo) ?? {};
  const payload = {
    v: short(params.protocolVersion),
    c: smallEnough(objectOf(params.capabilities) ?? {}),
    i: [short(name), short(version)],
    t: issuedAt,
    p: prefix,
    ...(owner && { o: owner }),
  };
  const rest = `${uuid}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
  return `${rest}.${checkOf(rest)}`;
}

/**
 * The uuid of a new session. That of an owned one is bound to its owner: whoever knows it, and writes a payload of their
 * own beside it, gets nothing of what is kept under it.
 */
export function newSessionUuid(owner: string): string {
  const uuid = randomUUID();
  return owner === '' ? uuid : bound(uuid, owner);
}

/** With a hash of the rest and the owner for its last twelve digits. 74 random bits are left, and 48 tie it. */
function bound(uuid: string, owner: string): string {
  const rest = uuid.slice(0, -12);
  return rest + createHash('sha256').update(`${rest}${owner}`).digest('hex').slice(0, 12);
}

/** The part that names a live session, and logs; whatever the text is. */
export function uuidOf(text: string): string {
  return text.slice(0, UUID_LENGTH);
}

/** What an id says, or undefined if it is damaged or no id at all. */
export function parseSessionId(text: string): Ticket | undefined {
  const [, uuid, payload, check] = FORM.exec(text) ?? [];
  if (!uuid || !payload || check !== checkOf(`${uuid}.${payload}`)) return undefined;
  try {
    return ticketOf(uuid, JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  } catch {
    return undefined;
  }
}

/** Whoever can compute the check may write any payload, so its form is checked too. */
function ticketOf(uuid: string, payload: unknown): Ticket | undefined {
  if (!isObject(payload)) return undefined;
  const { v: protocolVersion, c: capabilities, i: info, t: issuedAt, p: prefix, o: owner = '' } = payload;
  if (
    typeof protocolVersion !== 'string' ||
    typeof prefix !== 'string' ||
    typeof owner !== 'string' ||
    !isObject(capabilities) ||
    !Array.isArray(info)
  )
    return undefined;
  if (typeof issuedAt !== 'number' || !Number.isSafeInteger(issuedAt) || issuedAt < 0) return undefined;
  if (owner !== '' && uuid !== bound(uuid, owner)) return undefined;
  const clientInfo = { name: stringOf(info[0]) ?? '', version: stringOf(info[1]) ?? '' };
  return { uuid, prefix, owner, issuedAt, params: { protocolVersion, capabilities, clientInfo } };
}

/** A checksum, not a signature: an id authorises nothing that `initialize` would not give to anybody. */
function checkOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

function short(value: unknown): string {
  return (stringOf(value) ?? '').slice(0, MAX_TEXT);
}

function smallEnough(capabilities: JsonObject): JsonObject {
  if (fits(capabilities)) return capabilities;
  const names = Object.keys(capabilities).filter((name) => isObject(capabilities[name]));
  const byName = namesOnly(names);
  return fits(byName) ? byName : namesOnly(names.filter((name) => WELL_KNOWN.includes(name)));
}

function namesOnly(names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

function fits(value: JsonObject): boolean {
  return Buffer.byteLength(JSON.stringify(value)) <= MAX_CAPABILITIES;
}
