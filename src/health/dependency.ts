import { connect } from 'node:net';

/** Where something listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
  'mysql:': 3306,
  'mongodb:': 27017,
};

/**
 * Reads `host:port` or a URL. Credentials in it are left out, so that the address may be shown.
 * @returns undefined for what names no host and port, a Unix socket for instance
 */
export function addressOf(text: string): Address | undefined {
  const plain = /^(\[[^\]]+\]|[^\s:/@]+):(\d{1,5})$/.exec(text);
  if (plain) return addressFrom(plain[1] as string, Number(plain[2]));
  if (!URL.canParse(text)) return undefined;
  const { hostname, port, protocol } = new URL(text);
  return addressFrom(hostname, port === '' ? (PORTS[protocol] ?? 0) : Number(port));
}

function addressFrom(hostname: string, port: number): Address | undefined {
  const host = hostname.replace(/^\[|\]$/g, '');
  return host === '' || port < 1 || port > 65_535 ? undefined : { host, port };
}

/**
 * Opens a TCP connection and closes it at once.
 * @param limitMs longest wait, in milliseconds
 * @returns why it cannot be reached, or undefined if it can
 */
export function unreachable({ host, port }: Address, limitMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => finish(`no answer within ${limitMs} ms`), limitMs);
    const finish = (why: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => finish(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(REASONS[error.code ?? ''] ?? error.code ?? error.message));
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name cannot be resolved now',
  EHOSTUNREACH: 'no way to this host',
  ENETUNREACH: 'no way to this network',
};
