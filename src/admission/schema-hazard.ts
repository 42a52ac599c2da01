import { isObject, type JsonObject } from '../protocol/message.js';

/** Subschemas that a check may come to, references followed, counted once for each way to them. */
const MAX_VISITS = 20_000;

/**
 * What makes a schema dangerous to check arguments against: work that multiplies with each definition, or with each
 * level of the arguments. Recursion in one place is fine; in two it can double with every level.
 *
 * @returns undefined for a schema whose work grows no faster than it and the arguments do
 */
export function hazardOf(schema: JsonObject): string | undefined {
  const closings = new Map<unknown, number>();
  let visits = 0;
  let hazard: string | undefined;
  const visit = (node: unknown, open: readonly unknown[]): void => {
    if (hazard !== undefined || typeof node !== 'object' || node === null) return;
    if (++visits > MAX_VISITS) {
      hazard = `its references lead to more than ${MAX_VISITS} subschemas`;
      return;
    }
    for (const child of Object.values(node)) visit(child, open);
    const target = isObject(node) && typeof node.$ref === 'string' ? resolve(schema, node.$ref) : undefined;
    if (target === undefined) return;
    if (!open.includes(target)) {
      visit(target, [...open, target]);
      return;
    }
    closings.set(target, (closings.get(target) ?? 0) + 1);
    if ((closings.get(target) ?? 0) > 1) hazard = 'it refers to itself in more than one place';
  };
  const { $defs: _defs, definitions: _definitions, ...own } = schema;
  visit(own, [schema]);
  return hazard;
}

/** A reference within the document; others are for the compiler to refuse. */
function resolve(schema: JsonObject, reference: string): unknown {
  if (reference === '#') return schema;
  if (!reference.startsWith('#/')) return undefined;
  const keys = reference.slice(2).split('/');
  return keys.reduce<unknown>((node, key) => {
    const name = decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof node === 'object' && node !== null && Object.hasOwn(node, name) ? (node as JsonObject)[name] : undefined;
  }, schema);
}
