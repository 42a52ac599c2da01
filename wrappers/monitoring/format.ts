import { z } from 'zod';
import { ToolFault } from '../shared/faults.js';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
const LONGEST_LINE = 2_000;

/** Times that a client may give. */
export const rangeInput = {
  start: z.string().max(64).describe('Beginning: RFC 3339 or Unix seconds; `last` before the end without it').optional(),
  end: z.string().max(64).describe('End: RFC 3339 or Unix seconds; now without it').optional(),
  last: z.string().max(16).describe("How far back without a start: '15m', '1h' (the default), '7d'").optional(),
};

export interface Range {
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
}

interface AskedRange {
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly last?: string | undefined;
}

/** @throws ToolFault for what is no time, and for a range that ends before it begins */
export function rangeOf({ start, end, last = '1h' }: AskedRange): Range {
  const to = end === undefined ? Date.now() / 1000 : secondsOf(end);
  const from = start === undefined ? to - durationOf(last) : secondsOf(start);
  if (from >= to) throw new ToolFault('The range is empty: its start is not before its end.');
  return { start: from, end: to };
}

/** @returns Unix seconds */
export function secondsOf(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  if (!Number.isFinite(seconds)) throw new ToolFault(`'${text}' is no time. Use RFC 3339 (2026-01-31T12:00:00Z) or Unix seconds.`);
  return seconds;
}

/** @returns seconds */
export function durationOf(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? 0);
  if (!(seconds > 0)) throw new ToolFault(`'${text}' is no duration. Use a number with s, m, h, d or w: 15m.`);
  return seconds;
}

/** A string in PromQL and LogQL. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Lines for people: each capped, and none at all said in words. */
export function lines(rows: readonly string[], none: string): string {
  return rows.length === 0 ? none : rows.map((row) => cut(row)).join('\n');
}

export function cut(text: string, length = LONGEST_LINE): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

export function bytes(count: number): string {
  const exponent = Math.min(4, Math.floor(Math.log2(Math.max(1, Math.abs(count))) / 10));
  return `${(count / 1024 ** exponent).toFixed(exponent === 0 ? 0 : 1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][exponent]}`;
}

/** To so many decimals; null stays null. */
export function rounded<T extends number | null>(value: T, decimals = 3): T {
  return (value === null ? null : Math.round(value * 10 ** decimals) / 10 ** decimals) as T;
}

export function labelsText(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([key, value]) => `${key}=${quoted(value)}`)
    .join(', ')}}`;
}
