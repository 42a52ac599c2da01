import { SettingsError } from './env.js';

/** A shorter password is a part of too many words to be taken out of a text, and keeps nobody out. */
const MIN_SECRET = 4;

/** Where a database is, without what is secret about it. */
export interface Address {
  readonly url: string;
  /** For messages: host, port, database. */
  readonly label: string;
  /** Takes the URL and its password out of a text. */
  redact(text: string): string;
}

/** @throws SettingsError that does not repeat the URL: it holds the password */
export function parseAddress(url: string): Address {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new SettingsError('DATABASE_URL is not a PostgreSQL URL. It looks like postgres://user:password@host:5432/database');
  }
  const host = parsed.hostname || parsed.searchParams.get('host') || 'localhost';
  const port = parsed.port || parsed.searchParams.get('port') || '5432';
  const secrets = [url, ...passwordsOf(parsed)].filter((secret) => secret.length >= MIN_SECRET);
  return {
    url,
    label: `${host}:${port}${decode(parsed.pathname)}`,
    redact: (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text),
  };
}

/** As written in the URL, and as it is sent. */
function passwordsOf(url: URL): string[] {
  const query = url.searchParams.get('password') ?? '';
  return [url.password, decode(url.password), query];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
