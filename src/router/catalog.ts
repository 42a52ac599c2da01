import type { JsonObject } from '../protocol/message.js';
import { type Ask, type Handshake, listAll } from '../supervisor/handshake.js';

export type ListKind = 'tools' | 'prompts' | 'resources' | 'resourceTemplates';

interface ListMethod {
  readonly method: string;
  readonly capability: string;
}

export const LISTS: Readonly<Record<ListKind, ListMethod>> = {
  tools: { method: 'tools/list', capability: 'tools' },
  prompts: { method: 'prompts/list', capability: 'prompts' },
  resources: { method: 'resources/list', capability: 'resources' },
  resourceTemplates: { method: 'resources/templates/list', capability: 'resources' },
};
export const LIST_KINDS = Object.keys(LISTS) as ListKind[];

/** What each of the notifications says has changed. */
export const LIST_CHANGED: Readonly<Record<string, readonly ListKind[]>> = {
  'notifications/tools/list_changed': ['tools'],
  'notifications/prompts/list_changed': ['prompts'],
  'notifications/resources/list_changed': ['resources', 'resourceTemplates'],
};

export interface LoadResult {
  readonly changed: readonly ListKind[];
  readonly failed: readonly ListKind[];
}

/** The last good lists of one server. They outlive it: a hub shows them while the server is down. */
export class Catalog {
  readonly #lists = new Map<ListKind, { entries: readonly JsonObject[]; json: string; total: number }>();
  /** For calls, of which each may ask more than once. */
  #tools: ReadonlyMap<unknown, JsonObject> = new Map();
  /** When a list was last read, on the monotonic clock. */
  #loadedAt: number | undefined;

  /** @param admits whether an entry is kept */
  constructor(private readonly admits: (kind: ListKind, entry: JsonObject) => boolean) {}

  get(kind: ListKind): readonly JsonObject[] {
    return this.#lists.get(kind)?.entries ?? [];
  }

  /** A tool by its own name; of two that have the same name the first. */
  tool(name: string): JsonObject | undefined {
    return this.#tools.get(name);
  }

  /** How many entries the server itself listed. */
  total(kind: ListKind): number {
    return this.#lists.get(kind)?.total ?? 0;
  }

  get ageSeconds(): number | undefined {
    return this.#loadedAt === undefined ? undefined : Math.round((performance.now() - this.#loadedAt) / 1000);
  }

  /** @returns whether it differs from what was known */
  set(kind: ListKind, all: readonly JsonObject[]): boolean {
    const entries = all.filter((entry) => this.admits(kind, entry));
    const json = JSON.stringify(entries);
    const changed = this.#lists.get(kind)?.json !== json;
    this.#lists.set(kind, { entries, json, total: all.length });
    if (kind === 'tools') this.#tools = new Map(entries.toReversed().map((entry) => [entry.name, entry]));
    this.#loadedAt = performance.now();
    return changed;
  }

  /** Reads lists again; one that cannot be read keeps its last good content. Lists that the server does not have are empty. */
  async load(kinds: readonly ListKind[], handshake: Handshake, ask: Ask): Promise<LoadResult> {
    const changed: ListKind[] = [];
    const failed: ListKind[] = [];
    for (const kind of kinds) {
      const { method, capability } = LISTS[kind];
      try {
        const entries = handshake.capabilities[capability] ? await listAll(ask, method, kind) : [];
        if (this.set(kind, entries)) changed.push(kind);
      } catch {
        failed.push(kind);
      }
    }
    return { changed, failed };
  }
}
