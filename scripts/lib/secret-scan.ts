/** Kinds of text that no repository should hold, each with a group for the secret itself where it is not the whole. */
const PATTERNS: Readonly<Record<string, RegExp>> = {
  'private key': /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/g,
  'AWS key id': /\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b/g,
  'GitHub token': /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,})/g,
  'Slack token': /\bxox[abeoprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com\/services\/T\w+\/B\w+\/\w+/g,
  'npm token': /\bnpm_[A-Za-z0-9]{36}\b/g,
  'API key': /\bsk-(?:[a-z]+-)*[A-Za-z0-9_-]{32,}/g,
  'key of hearth': /\bhk_[A-Za-z0-9]+_[\w-]{43}\b/g,
};
/** A name that sounds like a secret, and the literal that it is set to. */
const ASSIGNED =
  /(?<![\w.])[\w.-]*(?:secret|token|passw(?:or)?d|api[_-]?key|private[_-]?key|credential)[\w.-]*["']?\s*[:=]\s*(?:["'`]([\w+/=.-]{20,512})["'`]|([\w+/=-]{20,512})\s*$)/gim;
/** Bits for each character: words have less, keys in base64 or hex have more. */
const MIN_BITS = 3.2;

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  /** The text itself: not to be printed. */
  readonly text: string;
}

/** A text in a file that only looks like a secret. */
export interface Allowance {
  readonly file: string;
  readonly text: string;
  readonly reason: string;
}

/** Made up for tests, all of them. */
export const ALLOWED: readonly Allowance[] = [
  {
    file: 'tests/telemetry/redactor.test.ts',
    text: ['-----BEGIN', 'PRIVATE KEY-----'].join(' '),
    reason: 'the redactor takes out keys of several lines; there is no key behind it',
  },
];

export function findingsIn(file: string, text: string): Finding[] {
  const found: Finding[] = [];
  const add = (kind: string, at: number, secret: string): void => {
    found.push({ file, line: text.slice(0, at).split('\n').length, kind, text: secret });
  };
  for (const [kind, pattern] of Object.entries(PATTERNS)) for (const match of text.matchAll(pattern)) add(kind, match.index, match[0]);
  for (const match of text.matchAll(ASSIGNED)) {
    const secret = match[1] ?? match[2] ?? '';
    if (isRandom(secret)) add('assignment', match.index, secret);
  }
  return found;
}

/** Letters and digits mixed, and no words: names, paths and sentences have few bits or no digits. */
function isRandom(text: string): boolean {
  const digits = text.match(/\d/g)?.length ?? 0;
  return digits >= 3 && /[a-z]/i.test(text) && bitsOf(text) >= MIN_BITS && !/[a-z]{10}|[A-Z]{10}/.test(text);
}

function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - (count / text.length) * Math.log2(count / text.length), 0);
}

/** Findings that nothing allows, and allowances that allow nothing. */
export function judge(findings: readonly Finding[], allowed = ALLOWED): { refused: Finding[]; unused: Allowance[] } {
  const fits = (finding: Finding, { file, text }: Allowance): boolean => finding.file === file && finding.text === text;
  return {
    refused: findings.filter((finding) => !allowed.some((allowance) => fits(finding, allowance))),
    unused: allowed.filter((allowance) => !findings.some((finding) => fits(finding, allowance))),
  };
}
