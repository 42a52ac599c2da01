import { z } from 'zod';

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Node's timers turn a longer delay into 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** V8's longest string is about 512 MiB; a message has to fit, with room for its copy. */
const MAX_MESSAGE = 256 * 2 ** 20;

/** `30s`, `5m`, `1.5h`, or a number of milliseconds. */
export const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = inUnits(value, MS);
  if (ms !== undefined && ms >= 0 && ms <= MAX_TIMER_MS) return Math.round(ms);
  context.addIssue({ code: 'custom', message: 'must be a duration like 30s, 5m or 1h (at most 24d), or milliseconds as a number' });
  return z.NEVER;
});

/** A time between repeated actions: too short a one would keep the process busy. */
export const interval = duration.pipe(z.number().min(10, 'must be at least 10ms'));

/** `64MiB`, `10MB`, or a number of bytes. */
export const size = z.union([z.string(), z.number()]).transform((value, context) => {
  const bytes = inUnits(value, BYTES);
  if (bytes !== undefined && bytes >= 1 && bytes <= MAX_MESSAGE) return Math.round(bytes);
  context.addIssue({ code: 'custom', message: 'must be a size like 64MiB or 10MB (at most 256MiB), or bytes as a number' });
  return z.NEVER;
});

/** A size, or the name of a client whose limit is known. */
export const eventSize = z.union([z.literal('litellm').transform(() => 2 ** 20), z.literal(0), size]);

function inUnits(value: string | number, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return value;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim());
  if (!match) return undefined;
  const unit = match[2] === '' ? 1 : units[match[2] as string];
  return unit === undefined ? undefined : Number(match[1]) * unit;
}
