import { matches } from '../protocol/wildcard.js';
import type { Principal } from './principal.js';

/** What a key or a token may do. What is left out is not limited. */
export interface Scope {
  /** Names of servers. */
  readonly servers?: readonly string[] | undefined;
  /** Patterns for names of tools as clients see them, or as `<server>__<tool>`; `*` stands for any text. */
  readonly tools?: readonly string[] | undefined;
}

export interface Identity {
  readonly id: string;
  readonly name: string;
  /** What it may do now: any of these. */
  scopes(): readonly Scope[];
  isValid(): boolean;
}

const SEPARATOR = '__';

/**
 * A principal with its scopes, read anew at each question, so that a change holds for sessions that are open too.
 * @param server the one server that is shown bare; undefined for a hub
 */
export function principalFrom(identity: Identity, server?: string): Principal {
  const views = new Map<string | undefined, Principal>();
  const at = (other: string | undefined): Principal => {
    if (other === server) return principal;
    const known = views.get(other);
    if (known) return known;
    const view = principalFrom(identity, other);
    views.set(other, view);
    return view;
  };
  const principal: Principal = {
    id: identity.id,
    name: identity.name,
    get scope() {
      const scopes = identity.scopes();
      return scopes.some(isEverything) ? '' : JSON.stringify(scopes);
    },
    isValid: () => identity.isValid(),
    mayUse: (name) => identity.scopes().some((scope) => hasServer(scope, name)),
    mayCall: (tool) => identity.scopes().some((scope) => hasTool(scope, tool, server)),
    at,
  };
  return principal;
}

function isEverything({ servers, tools }: Scope): boolean {
  return servers === undefined && tools === undefined;
}

function hasServer({ servers }: Scope, name: string): boolean {
  return servers === undefined || servers.includes(name);
}

/** In a hub a name begins with its server's; servers have no `__` in theirs. */
function hasTool(scope: Scope, tool: string, server: string | undefined): boolean {
  const owner = server ?? tool.slice(0, Math.max(0, tool.indexOf(SEPARATOR)));
  if (!hasServer(scope, owner)) return false;
  if (scope.tools === undefined) return true;
  const qualified = server === undefined ? tool : `${server}${SEPARATOR}${tool}`;
  return scope.tools.some((pattern) => matches(pattern, tool) || matches(pattern, qualified));
}
