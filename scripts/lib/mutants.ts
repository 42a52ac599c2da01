/** A rule of a Prometheus rule file, as far as mutations go. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
}

export interface Mutant {
  /** What was changed, for people: `> -> <`. */
  readonly change: string;
  readonly rule: Rule;
}

const FLIPS: Readonly<Record<string, string>> = {
  ...{ '>': '<', '<': '>', '>=': '<', '<=': '>', '==': '!=', '!=': '==' },
  ...{ '+': '-', '-': '+', '*': '/', '/': '*', and: 'or', or: 'and' },
};

/** What may not be changed (texts, label matchers, ranges, offsets), or one operator, or one number. */
const TOKEN = /"[^"]*"|\{[^}]*\}|\[[^\]]*\]|offset \w+|\b(?:and|or)\b|>=|<=|==|!=|[><+*/-]|(?<![\w.:])\d+(?:\.\d+)?(?![\w.:])/g;

/** Every version of a rule in which one sign is flipped, or one threshold or waiting time is twice or half of what it was. */
export function mutantsOf(rule: Rule): Mutant[] {
  const ofExpr = [...rule.expr.matchAll(TOKEN)].flatMap((match) =>
    replacementsOf(match[0]).map((text) => ({
      change: `${match[0]} -> ${text} at ${match.index}`,
      rule: { ...rule, expr: rule.expr.slice(0, match.index) + text + rule.expr.slice(match.index + match[0].length) },
    })),
  );
  return [...ofExpr, ...(rule.for === undefined ? [] : waits(rule, rule.for))];
}

function replacementsOf(token: string): string[] {
  const flip = FLIPS[token];
  if (flip !== undefined) return [flip];
  if (!/^\d/.test(token)) return [];
  const value = Number(token);
  return value === 0 ? ['1'] : [String(value * 2), String(value / 2)];
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

function waits(rule: Rule, text: string): Mutant[] {
  const [, amount, unit] = /^(\d+)([smh])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) throw new Error(`"for: ${text}" of ${rule.alert} is not understood`);
  const seconds = Number(amount) * (SECONDS[unit] as number);
  return [seconds * 2, seconds / 2].map((other) => ({ change: `for: ${text} -> ${other}s`, rule: { ...rule, for: `${other}s` } }));
}
