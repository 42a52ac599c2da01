import { Authenticator } from './auth/authenticator.js';
import { RateLimits } from './auth/rate-limits.js';
import { FAILURES } from './auth/refusal.js';
import type { Scope } from './auth/scope.js';
import { isAuthOn } from './auth/settings.js';
import { ConfigError } from './config/issues.js';
import type { Config } from './config/schema.js';
import { reasonOf } from './errors.js';
import { Access } from './http/access.js';
import { ResourceMetadata } from './http/resource-metadata.js';
import type { Log } from './telemetry/log.js';
import type { Metrics } from './telemetry/metrics.js';

export interface AccessParts {
  /** Undefined where everybody may do everything as often as they like. */
  readonly access: Access | undefined;
  readonly metadata: ResourceMetadata | undefined;
  readonly authenticator: Authenticator | undefined;
  readonly rates: RateLimits | undefined;
}

/** Headers that hearth reads keys from. */
const OWN_HEADERS = new Set(['authorization', 'x-api-key']);

/** What guards the listener, made from the config. @throws ConfigError if a file of keys cannot be used */
export function accessOf({ auth, limits, servers }: Config, metrics: Metrics, log: Log): AccessParts {
  const isOn = isAuthOn(auth);
  if (isOn) for (const reason of FAILURES) metrics.authFailures.inc({ reason }, 0);
  if (isOn) refusePassthrough(servers);
  const scopes = scopesOf(auth.jwt?.scopes ?? {}, Object.keys(servers));
  const keys = (auth.keys ?? []).map((key) => (typeof key === 'string' ? { key } : key));
  const authenticator = isOn ? authenticatorOf(() => new Authenticator({ ...auth, keys, jwt: auth.jwt && { ...auth.jwt, scopes } }, log)) : undefined;
  const { rate } = limits;
  const rates = rate.perKey > 0 || rate.perAddress > 0 ? new RateLimits(rate, log) : undefined;
  const metadata = auth.jwt && new ResourceMetadata({ issuer: auth.jwt.issuer, scopes: Object.keys(scopes), resource: auth.jwt.resource });
  const access = authenticator || rates ? new Access({ authenticator, open: auth.open, rates, metadata, metrics, log }) : undefined;
  return { access, metadata, authenticator, rates };
}

/** Every server has a scope of its own, unless the config says otherwise. */
function scopesOf(configured: Readonly<Record<string, Scope>>, servers: readonly string[]): Record<string, Scope> {
  return { 'mcp:tools': {}, ...Object.fromEntries(servers.map((name) => [`mcp:server:${name}`, { servers: [name] }])), ...configured };
}

/** A key for hearth is none for a server behind it (MCP 2025-11-25, authorization: token passthrough). */
function refusePassthrough(servers: Config['servers']): void {
  for (const [name, { credentials }] of Object.entries(servers)) {
    for (const [variable, header] of Object.entries(credentials)) {
      if (!OWN_HEADERS.has(header.toLowerCase())) continue;
      const message = `the header ${header} carries keys of hearth itself while "auth" is on; choose another one`;
      throw wrong(`servers.${name}.credentials.${variable}`, message);
    }
  }
}

function authenticatorOf(make: () => Authenticator): Authenticator {
  try {
    return make();
  } catch (error) {
    throw wrong('auth', `a file of keys cannot be used: ${reasonOf(error)}`);
  }
}

function wrong(key: string, message: string): ConfigError {
  return new ConfigError('config', [{ line: undefined, column: undefined, key, message }]);
}
