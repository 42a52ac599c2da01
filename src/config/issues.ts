import type { z } from 'zod';

/** One thing that is wrong with a config, and where. */
export interface ConfigIssue {
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Dotted path; empty for the whole file. */
  readonly key: string;
  readonly message: string;
}

/** A config that cannot be used. `message` has one line per issue, each beginning with `file:line:column`. */
export class ConfigError extends Error {
  constructor(
    readonly file: string,
    readonly issues: readonly ConfigIssue[],
  ) {
    super(issues.map((issue) => format(file, issue)).join('\n'));
    this.name = 'ConfigError';
  }
}

function format(file: string, { line, column, key, message }: ConfigIssue): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`;
  return `${place}: ${key ? `${key}: ` : ''}${message}`;
}

type Issue = z.core.$ZodIssue;

/** What is wrong, and what is allowed instead. */
export function explain(issue: Issue, allowedKeys: readonly string[]): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => `unknown key "${key}"${suggest(key, allowedKeys)}; allowed: ${allowedKeys.join(', ')}`).join('; ');
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'invalid_type':
      return issue.input === undefined ? `is missing (${issue.expected})` : `must be ${article(issue.expected)}`;
    case 'too_small':
      return issue.message.startsWith('must') ? issue.message : `must be at least ${issue.minimum}${lengthOf(issue.origin)}`;
    case 'too_big':
      return issue.message.startsWith('must') ? issue.message : `must be at most ${issue.maximum}${lengthOf(issue.origin)}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    case 'invalid_union':
      return 'must be a text or a number';
    default:
      return issue.message;
  }
}

function article(type: string): string {
  const names: Record<string, string> = { int: 'a whole number', number: 'a number', string: 'a text', boolean: 'true or false', array: 'a list' };
  return names[type] ?? (type === 'object' || type === 'record' ? 'a mapping of keys to values' : type);
}

function lengthOf(origin: string): string {
  return origin === 'string' ? ' characters long' : '';
}

function suggest(key: string, allowed: readonly string[]): string {
  const near = nearest(key, allowed);
  return near === undefined ? '' : `, did you mean "${near}"?`;
}

/** The known name that differs least, if it is close enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return near && near.distance <= Math.max(2, name.length / 3) ? near.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] as number;
}
