import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CryptoKey, JWTPayload, JWTVerifyGetKey, JWTVerifyResult } from 'jose';
import { HearthError, reasonOf } from '../errors.js';
import type { Log } from '../telemetry/log.js';
import type { Principal } from './principal.js';
import { outOfScope, Refusal, unauthorized } from './refusal.js';
import { principalFrom, type Scope } from './scope.js';
import type { JwtSettings } from './settings.js';

type Jose = typeof import('jose');

/** After a failed fetch of keys, requests fail at once for this time, in milliseconds: the provider is not hammered. */
const RETRY_MS = 1_000;
const PROVIDER_DOWN = 'The tokens of this request cannot be checked now: the keys of their issuer cannot be had. Try again shortly.';
/** Faults of a token that show only when its key is looked for. */
const TOKEN_FAULTS = new Set(['ERR_JWKS_NO_MATCHING_KEY', 'ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'ERR_JOSE_NOT_SUPPORTED']);
const FORM = /^[\w-]+\.[\w-]+\.[\w-]*$/;

class ProviderDown extends Error {}

/** Checks tokens as an OAuth 2.1 resource server (RFC 9068, RFC 8725; MCP 2025-11-25, authorization). jose comes with the first one. */
export class JwtVerifier {
  #jose: Promise<Jose> | undefined;
  #keys: JWTVerifyGetKey | undefined;
  readonly #local: unknown;
  #downUntil = 0;

  /** @throws Error if a file of keys cannot be read */
  constructor(
    private readonly settings: JwtSettings,
    private readonly log: Log,
  ) {
    if (settings.jwksFile !== undefined) this.#local = JSON.parse(readFileSync(settings.jwksFile, 'utf8'));
  }

  /** Whether a credential has the form of a token at all. */
  looksLike(credential: string): boolean {
    return FORM.test(credential);
  }

  /** @throws Refusal; 503 when the issuer's keys cannot be had */
  async authenticate(token: string): Promise<Principal> {
    const { payload } = await this.#verify(token);
    const { issuer, clockTolerance, scopes } = this.settings;
    const subject = payload.sub as string;
    const name = subject.slice(0, 100);
    const granted = scopesOf(payload).flatMap((scope): Scope[] => (Object.hasOwn(scopes, scope) ? [scopes[scope] as Scope] : []));
    if (granted.length === 0) throw outOfScope('anything here', name);
    const expires = (payload.exp as number) * 1000 + clockTolerance;
    const id = `jwt:${createHash('sha256')
      .update(JSON.stringify([issuer, subject]))
      .digest('base64url')}`;
    return principalFrom({ id, name, scopes: () => granted, isValid: () => Date.now() < expires });
  }

  async #verify(token: string): Promise<JWTVerifyResult> {
    const { jwtVerify } = await this.#load();
    const { issuer, audience, algorithms, clockTolerance } = this.settings;
    const options = {
      issuer,
      audience: [...audience],
      algorithms: [...algorithms],
      clockTolerance: Math.round(clockTolerance / 1000),
      requiredClaims: ['exp', 'sub'],
    };
    try {
      const verified = await jwtVerify(token, this.#key, options).catch((error: unknown) => tryEach(error, (key) => jwtVerify(token, key, options)));
      if (typeof verified.payload.sub !== 'string' || verified.payload.sub === '') throw new Error('sub is no text');
      return verified;
    } catch (error) {
      if (error instanceof ProviderDown) throw new Refusal(new HearthError('unavailable', PROVIDER_DOWN), 'provider');
      this.log.debug('token_refused', reasonOf(error));
      throw unauthorized((error as { code?: unknown }).code === 'ERR_JWT_EXPIRED' ? 'expired' : 'token');
    }
  }

  /** The issuer's key for a token. @throws ProviderDown, or what is wrong with the token */
  #key: JWTVerifyGetKey = async (header, input) => {
    if (Date.now() < this.#downUntil) throw new ProviderDown();
    try {
      this.#keys ??= await this.#keySet();
      return await this.#keys(header, input);
    } catch (error) {
      if (TOKEN_FAULTS.has((error as { code?: string }).code ?? '')) throw error;
      this.#downUntil = Date.now() + RETRY_MS;
      this.log.warn('issuer_keys_failed', `the keys of ${this.settings.issuer} cannot be had: ${reasonOf(error)}`);
      throw new ProviderDown();
    }
  };

  async #keySet(): Promise<JWTVerifyGetKey> {
    const { createLocalJWKSet, createRemoteJWKSet } = await this.#load();
    const { jwksUrl, timeout, maxAge, cooldown } = this.settings;
    if (jwksUrl === undefined) return createLocalJWKSet(this.#local as Parameters<typeof createLocalJWKSet>[0]);
    return createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: timeout, cacheMaxAge: maxAge, cooldownDuration: cooldown });
  }

  #load(): Promise<Jose> {
    this.#jose ??= import('jose');
    return this.#jose;
  }
}

/** A token without `kid` may be of any key that fits. */
async function tryEach(error: unknown, verify: (key: CryptoKey) => Promise<JWTVerifyResult>): Promise<JWTVerifyResult> {
  if ((error as { code?: string }).code !== 'ERR_JWKS_MULTIPLE_MATCHING_KEYS') throw error;
  for await (const key of error as AsyncIterable<CryptoKey>) {
    const verified = await verify(key).catch((failure: { code?: string }) => {
      if (failure.code !== 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') throw failure;
      return undefined;
    });
    if (verified) return verified;
  }
  throw error;
}

/** `scope` as text (RFC 9068, 2.2.3), `scp` as text or list, as some issuers have it. */
function scopesOf({ scope, scp }: JWTPayload): string[] {
  return [scope, scp].flatMap((claim) => (typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim.map(String) : []));
}
