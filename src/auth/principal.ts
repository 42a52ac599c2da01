import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a principal may do at one endpoint. Names of tools are those that its clients see there. */
export interface Principal {
  /** Tells principals apart: `key:<id>`, or `jwt:` with a hash of issuer and subject. Not secret, and stable across restarts. */
  readonly id: string;
  /** For logs: the name of a key, or the subject of a token. */
  readonly name: string;
  /** Empty for a principal that may do everything; equal for those that may do the same. It is read when needed: scopes change. */
  readonly scope: string;
  /** Whether the key or token still holds. */
  isValid(): boolean;
  /** Whether it may use a server of this name. */
  mayUse(server: string): boolean;
  /** Whether it may call a tool, by the name that is shown. */
  mayCall(tool: string): boolean;
  /** The same principal where one server is shown bare; undefined for a hub, whose names are `<server>__<tool>`. */
  at(server: string | undefined): Principal;
}

/** On the request itself: to look it up elsewhere costs as much as to check who it is. */
const PRINCIPAL = Symbol('principal');

interface Known {
  [PRINCIPAL]?: Principal;
}

/** Says who makes a request. The listener does, once, before anything else reads it. */
export function bindPrincipal(req: IncomingMessage, principal: Principal): void {
  (req as Known)[PRINCIPAL] = principal;
}

/** Who makes a request; undefined where nobody has to say. */
export function principalOf(req: IncomingMessage): Principal | undefined {
  return (req as Known)[PRINCIPAL];
}

/** Whether two requests come from the same one. Without authentication everybody is. */
export function isSame(one: Principal | undefined, other: Principal | undefined): boolean {
  return one?.id === other?.id;
}

/** What a session id says of its owner: enough to compare, and nothing to learn from. Empty for nobody. */
export function ownerOf(principal: Principal | undefined): string {
  return principal ? createHash('sha256').update(`owner\0${principal.id}`).digest('base64url').slice(0, 22) : '';
}
