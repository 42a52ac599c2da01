/** Words that, as a part of a name, make its value a secret: `GITHUB_TOKEN`, `apiKey`, `X-Api-Key`, `DB_PASSWORD_2`. */
const WORDS =
  /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASS|PASSPHRASE|KEY|APIKEY|PAT|CREDENTIALS?|AUTH|AUTHORIZATION|BEARER|COOKIE|DSN|DATABASE_URL|CONNECTION_STRING|SIGNATURE)S?(?:_\d+)?$|(?<=_)PWD$/;

/** Whether a variable, header, option or query parameter of this name holds a secret, as far as a name can tell. */
export function looksSecret(name: string): boolean {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z\d]+/g, '_')
    .toUpperCase();
  return WORDS.test(words);
}

/** Words before a credential in a header; what follows them is the secret. */
const SCHEME = /^(?:Bearer|Basic|Token|ApiKey|Digest|Negotiate)\s+/i;

/**
 * The secret parts of a value: itself, a header's credential without its scheme, and the password in a URL or behind
 * `Basic`. The parts are secrets too when they appear alone.
 */
export function secretParts(value: string): string[] {
  const bare = value.replace(SCHEME, '');
  const parts = [bare];
  if (/^Basic\s/i.test(value)) parts.push(...afterColon(Buffer.from(bare, 'base64').toString('utf8')));
  if (URL.canParse(value)) parts.push(...urlSecrets(new URL(value)));
  return parts;
}

/** The credentials in a URL: its password, and parameters that look like secrets by name. */
export function urlSecrets(url: URL): string[] {
  const found = [...url.searchParams].flatMap(([name, value]) => (looksSecret(name) ? [value] : []));
  return url.password === '' ? found : [decoded(url.password), ...found];
}

function afterColon(text: string): string[] {
  const at = text.indexOf(':');
  return at < 0 ? [] : [text.slice(at + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
