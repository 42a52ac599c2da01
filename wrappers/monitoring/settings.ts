import { type Env, numberFrom, SettingsError, secretFrom } from '../shared/env.js';
import { type Prices, parsePrices } from './prices.js';

/** Where something is asked, and how. */
export interface Endpoint {
  /** For messages: without credentials. */
  readonly label: string;
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface HearthService extends Endpoint {
  readonly name: string;
}

export interface Settings {
  readonly services: readonly HearthService[];
  readonly prometheus: Endpoint | undefined;
  readonly loki: Endpoint | undefined;
  readonly alertmanager: Endpoint | undefined;
  readonly docker: Endpoint | undefined;
  /** LogQL selector of queries that name no label. */
  readonly lokiSelector: string;
  readonly prices: Prices | undefined;
  readonly procFolder: string;
  readonly diskPaths: readonly string[];
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Never to be seen outside. */
  readonly secrets: readonly string[];
}

/** @throws SettingsError that repeats no URL as it was written: it may hold a password */
export function settingsFrom(env: Env): Settings {
  const secrets = new Set<string>();
  const bearer = (name: string): Record<string, string> => {
    const token = secretFrom(env, name);
    if (token === undefined) return {};
    secrets.add(token);
    return { authorization: `Bearer ${token}` };
  };
  const one = (name: string, headers: Record<string, string> = {}): Endpoint | undefined => {
    const url = secretFrom(env, name);
    return url === undefined ? undefined : endpoint(name, url, headers, secrets);
  };
  const tenant = env.LOKI_TENANT?.trim();
  return {
    services: servicesFrom(secretFrom(env, 'HEARTH_URLS') ?? '', bearer('HEARTH_KEY'), secrets),
    prometheus: one('PROMETHEUS_URL', bearer('PROMETHEUS_TOKEN')),
    loki: one('LOKI_URL', { ...bearer('LOKI_TOKEN'), ...(tenant && { 'x-scope-orgid': tenant }) }),
    alertmanager: one('ALERTMANAGER_URL', bearer('ALERTMANAGER_TOKEN')),
    docker: one('DOCKER_URL'),
    lokiSelector: env.LOKI_SELECTOR?.trim() || '{mcp_service=~".+"}',
    prices: parsePrices(secretFrom(env, 'PRICES')),
    procFolder: env.HOST_PROC?.trim() || '/proc',
    diskPaths: listOf(env.HOST_DISKS ?? '/'),
    timeoutMs: numberFrom(env, 'MONITORING_TIMEOUT_MS', 5_000, 100, 60_000),
    maxBytes: numberFrom(env, 'MONITORING_MAX_BYTES', 8_388_608, 1_024, 268_435_456),
    secrets: [...secrets],
  };
}

function servicesFrom(text: string, headers: Record<string, string>, secrets: Set<string>): HearthService[] {
  const services = listOf(text).map((entry) => {
    const [, name, url] = /^([\w.-]{1,64})=(.+)$/.exec(entry) ?? [];
    if (name === undefined || url === undefined) {
      throw new SettingsError('HEARTH_URLS has an entry that is not name=url. It looks like memory=http://memory:8080,files=http://files:8080');
    }
    return { name, ...endpoint(`HEARTH_URLS, ${name}`, url, headers, secrets) };
  });
  const twice = services.find(({ name }, index) => services.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new SettingsError(`HEARTH_URLS names ${twice.name} twice`);
  return services;
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}

function endpoint(where: string, text: string, headers: Record<string, string>, secrets: Set<string>): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new SettingsError(`${where}: this is not an http(s) URL. It looks like http://host:port, or http://user:password@host:port`);
  }
  if (url.search || url.hash) throw new SettingsError(`${where}: the URL may have neither a query nor a fragment`);
  const credentials = `${decode(url.username)}:${decode(url.password)}`;
  const basic = Buffer.from(credentials).toString('base64');
  const hasCredentials = credentials !== ':';
  if (hasCredentials) for (const secret of [url.password, decode(url.password), basic]) secrets.add(secret);
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  return { label: base, base, headers: hasCredentials ? { ...headers, authorization: `Basic ${basic}` } : headers };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
