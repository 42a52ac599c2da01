import { type JsonObject, objectOf } from '../protocol/message.js';

/** An argument that a tool's schema wants repeated in a header. */
export interface ParamHeader {
  readonly header: string;
  /** Where the argument stands in `arguments`. */
  readonly path: readonly string[];
  readonly isNumber: boolean;
}

const KEY = 'x-mcp-header';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Deeper than any schema that a person wrote. */
const MAX_DEPTH = 32;
const known = new WeakMap<JsonObject, readonly ParamHeader[]>();

/** What a tool's input schema declares by `x-mcp-header` (2026-07-28, Streamable HTTP: custom headers from tool parameters). */
export function paramHeadersOf(tool: JsonObject): readonly ParamHeader[] {
  const found = known.get(tool) ?? scan(objectOf(tool.inputSchema) ?? {}, []);
  known.set(tool, found);
  return found;
}

/** Only along `properties`: a declaration anywhere else is invalid, and nothing to check. */
function scan(schema: JsonObject, path: readonly string[]): ParamHeader[] {
  if (path.length > MAX_DEPTH) return [];
  const name: unknown = schema[KEY];
  const isDeclared = path.length > 0 && typeof name === 'string' && TOKEN.test(name);
  const own = isDeclared ? [{ header: `Mcp-Param-${name}`, path, isNumber: schema.type === 'integer' || schema.type === 'number' }] : [];
  const inner = Object.entries(objectOf(schema.properties) ?? {}).flatMap(([key, child]) => scan(objectOf(child) ?? {}, [...path, key]));
  return [...own, ...inner];
}
