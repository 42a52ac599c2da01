/**
 * Whether a parsed JSON value is nested deeper than a limit. Without recursion, so that no value can exhaust the stack;
 * what is not deep is told by its number of objects and arrays alone.
 *
 * @param limit levels of objects and arrays that are fine
 */
export function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth < limit; depth++) {
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      for (const inner of Array.isArray(item) ? item : Object.values(item)) if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    if (next.length === 0) return false;
    level = next;
  }
  return true;
}
