/**
 * Time to wait before the next start: doubles with every failure in a row, up to a maximum, and is spread by
 * ±20% so that several children that failed together do not come back together.
 *
 * @param failures failures in a row, 1 for the first
 * @param minMs    first delay
 * @param maxMs    longest delay, before jitter
 * @param random   in [0, 1)
 */
export function backoffDelay(failures: number, minMs: number, maxMs: number, random: number = Math.random()): number {
  const exponential = Math.min(maxMs, minMs * 2 ** (failures - 1));
  return Math.round(exponential * (0.8 + 0.4 * random));
}
