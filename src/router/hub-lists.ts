import type { Principal } from '../auth/principal.js';
import { type JsonObject, objectOf, stringOf } from '../protocol/message.js';
import { LIST_KINDS, LISTS, type ListKind } from './catalog.js';
import { mergeByUri, qualify, type UriSource } from './namespace.js';
import type { ServerRouter } from './server-router.js';

/** Mark on entries of a server that is down: they stem from its last good list. */
export const UNAVAILABLE_META = 'hearth/unavailable';

/** Lists that are kept: of four kinds, for each scope that keys have. */
const MAX_VIEWS = 256;
const KIND_OF = new Map(LIST_KINDS.map((kind) => [LISTS[kind].method, kind]));

/** The merged lists of all servers, kept as JSON text until something changes. */
export class HubLists {
  readonly #cache = new Map<string, { readonly key: string; readonly json: string }>();

  constructor(private readonly servers: ReadonlyMap<string, ServerRouter>) {}

  /** Which list a method asks for, if any. */
  kindOf(method: string): ListKind | undefined {
    return KIND_OF.get(method);
  }

  invalidate(): void {
    this.#cache.clear();
  }

  /** The `result` of a list method, as JSON text: one page with everything that a principal may use. */
  result(kind: ListKind, principal: Principal | undefined): string {
    const all = shownTo(this.servers, principal);
    const view = `${kind} ${principal?.scope ?? ''}`;
    const key = all.map((server) => (server.ready ? '1' : '0')).join('');
    const cached = this.#cache.get(view);
    if (cached?.key === key) return cached.json;
    const merged = this.#merge(kind, all);
    const shown = kind === 'tools' && principal ? merged.filter(({ name }) => principal.mayCall(stringOf(name) ?? '')) : merged;
    const json = JSON.stringify({ [kind]: shown });
    if (this.#cache.size >= MAX_VIEWS) this.#cache.clear();
    this.#cache.set(view, { key, json });
    return json;
  }

  /** The resources of every server that a principal may use, to find the owner of a URI. */
  uriSources(principal: Principal | undefined): UriSource[] {
    return shownTo(this.servers, principal).map((server) => ({
      name: server.name,
      hasResources: server.handshake?.capabilities.resources !== undefined,
      uris: server.catalog.get('resources').map(({ uri }) => stringOf(uri) ?? ''),
      templates: server.catalog.get('resourceTemplates').map(({ uriTemplate }) => stringOf(uriTemplate) ?? ''),
    }));
  }

  #merge(kind: ListKind, all: readonly ServerRouter[]): JsonObject[] {
    const lists = all.map((server) => [server.name, server.catalog.get(kind).map((entry) => mark(server, entry))] as const);
    if (kind === 'resources') return mergeByUri(lists, 'uri');
    if (kind === 'resourceTemplates') return mergeByUri(lists, 'uriTemplate');
    return lists.flatMap(([server, entries]) => entries.map((entry) => ({ ...entry, name: qualify(server, stringOf(entry.name) ?? '') })));
  }
}

/** The servers that a principal may know of; all without one. */
export function shownTo(servers: ReadonlyMap<string, ServerRouter>, principal: Principal | undefined): ServerRouter[] {
  const all = [...servers.values()];
  return principal ? all.filter(({ name }) => principal.mayUse(name)) : all;
}

function mark(server: ServerRouter, entry: JsonObject): JsonObject {
  if (server.ready) return entry;
  return { ...entry, _meta: { ...objectOf(entry._meta), [UNAVAILABLE_META]: true } };
}
