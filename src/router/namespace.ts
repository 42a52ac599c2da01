import { type JsonObject, stringOf } from '../protocol/message.js';

const SEPARATOR = '__';

/** The name by which a hub shows a server's tool or prompt. */
export function qualify(server: string, name: string): string {
  return `${server}${SEPARATOR}${name}`;
}

/** Splits a name that a hub gave out. Server names hold no `__`, so the first one is the border. */
export function unqualify(name: string): { server: string; name: string } | undefined {
  const at = name.indexOf(SEPARATOR);
  return at <= 0 ? undefined : { server: name.slice(0, at), name: name.slice(at + SEPARATOR.length) };
}

/** A URI that names its server: `<server>+<uri>`. Accepted for every server, shown where two have the same URI. */
export function qualifyUri(server: string, uri: string): string {
  return `${server}+${uri}`;
}

/** One server's resources, as the hub's address book sees them. */
export interface UriSource {
  readonly name: string;
  readonly hasResources: boolean;
  readonly uris: readonly string[];
  readonly templates: readonly string[];
}

export interface Owner {
  readonly server: string;
  readonly uri: string;
}

/**
 * Finds the server that a URI belongs to: named explicitly, listed, matching the fixed beginning of a template, or
 * the only one that has resources at all. Undefined when there is none or more than one: never a guess.
 */
export function ownerOf(uri: string, sources: readonly UriSource[]): Owner | undefined {
  const named = sources.find(({ name }) => uri.startsWith(`${name}+`));
  if (named) return { server: named.name, uri: uri.slice(named.name.length + 1) };
  const listed = sources.find(({ uris }) => uris.includes(uri));
  if (listed) return { server: listed.name, uri };
  const matching = sources.filter(({ templates }) => templates.some((template) => matchesStart(template, uri)));
  const candidates = matching.length > 0 ? matching : sources.filter(({ hasResources }) => hasResources);
  const [only] = candidates;
  return only && candidates.length === 1 ? { server: only.name, uri } : undefined;
}

/** Fixed text before the first `{`: enough to tell servers apart, and immune to hostile templates (CVE-2026-0621). */
function matchesStart(template: string, uri: string): boolean {
  const brace = template.indexOf('{');
  if (template === uri) return true;
  return brace > 0 && uri.startsWith(template.slice(0, brace));
}

/**
 * Entries of several servers in one list. The first server keeps a URI that two of them have; the others' is shown
 * with the server's name, so that each can be reached.
 *
 * @param key `uri` or `uriTemplate`
 */
export function mergeByUri(lists: ReadonlyArray<readonly [server: string, entries: readonly JsonObject[]]>, key: string): JsonObject[] {
  const taken = new Set<string>();
  return lists.flatMap(([server, entries]) =>
    entries.map((entry) => {
      const uri = stringOf(entry[key]) ?? '';
      if (taken.has(uri)) return { ...entry, [key]: qualifyUri(server, uri) };
      taken.add(uri);
      return entry;
    }),
  );
}
