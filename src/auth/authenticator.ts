import type { IncomingMessage } from 'node:http';
import type { Log } from '../telemetry/log.js';
import { addressKey } from './address.js';
import { presentedBy } from './credential.js';
import { FailureLimit } from './failures.js';
import { JwtVerifier } from './jwt.js';
import { KeyRing } from './key-ring.js';
import { digestOf } from './plain-keys.js';
import type { Principal } from './principal.js';
import { unauthorized } from './refusal.js';
import type { AuthSettings } from './settings.js';

/** Time between looks for keys and tokens that have expired under an open stream, in milliseconds. */
const LOOK_MS = 1_000;

/** Finds out who makes a request, by its one credential. */
export class Authenticator {
  readonly #keys: KeyRing;
  readonly #jwt: JwtVerifier | undefined;
  readonly #failures: FailureLimit;
  #timer: NodeJS.Timeout | undefined;

  /** @throws Error if a file of keys cannot be used */
  constructor(settings: AuthSettings, log: Log) {
    this.#keys = new KeyRing(settings, log);
    this.#jwt = settings.jwt && new JwtVerifier(settings.jwt, log);
    this.#failures = new FailureLimit(settings.failures, settings.failureWindow);
  }

  /** @param onChanged who was let in before may not be any more: keys have changed, or time has gone by */
  start(onChanged: () => void): void {
    this.#keys.start(onChanged);
    this.#timer ??= setInterval(onChanged, LOOK_MS).unref();
  }

  stop(): void {
    this.#keys.stop();
    clearInterval(this.#timer);
  }

  /** @throws Refusal 401, 403 (a token without any scope of use), 429, 503; HearthError `overloaded` */
  async authenticate(req: IncomingMessage): Promise<Principal> {
    const presented = presentedBy(req);
    if ('missing' in presented) throw unauthorized('missing');
    const address = addressKey(req.socket.remoteAddress ?? '');
    if ('malformed' in presented) return this.#failures.attempt(address, '', () => Promise.reject(unauthorized('malformed')));
    const { credential, isBearer } = presented;
    const digest = digestOf(credential);
    const jwt = isBearer && this.#jwt?.looksLike(credential) ? this.#jwt : undefined;
    return this.#failures.attempt(address, digest, () => (jwt ? jwt.authenticate(credential) : this.#keys.authenticate(credential, digest)));
  }
}
