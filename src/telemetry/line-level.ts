import type { LogLevel } from './log.js';

/** What programs call their levels, and what that is here. */
const LEVELS: ReadonlyArray<readonly [RegExp, LogLevel]> = [
  [/^(?:err|error|fatal|crit|critical|alert|emerg|panic|severe)$/, 'error'],
  [/^warn(?:ing)?$/, 'warn'],
  [/^(?:debug|trace|verbose|silly)$/, 'debug'],
];

const WORD = '(err|error|fatal|crit|critical|alert|emerg|panic|severe|warn|warning|info|notice|debug|trace|verbose)';
/** `2026-11-21T10:00:00Z [WARN] x`, `ERROR: x`, `INFO:root:x`: the word stands first, or behind a time. */
const LEADING = new RegExp(`^[\\s[(]*(?:\\d[\\dT:.,/Z+ -]*)?[\\s[(|-]*${WORD}\\b[\\])]?[\\s:|\\]-]`, 'i');
/** logfmt and JSON. */
const NAMED = new RegExp(`(?:^|[\\s,{])"?(?:level|lvl|severity)"?\\s*[=:]\\s*"?${WORD}\\b`, 'i');
/** A level that stands far inside a line is something else. */
const LOOKED_AT = 300;

/** How severe a line is that a program wrote, as far as its text tells; `info` where it does not. */
export function levelOf(line: string): LogLevel {
  const start = line.slice(0, LOOKED_AT);
  const word = (LEADING.exec(start) ?? NAMED.exec(start))?.[1]?.toLowerCase();
  if (word === undefined) return start.startsWith('Traceback (most recent call last)') ? 'error' : 'info';
  return LEVELS.find(([pattern]) => pattern.test(word))?.[1] ?? 'info';
}
