import type { Log } from '../telemetry/log.js';
import { readKeyFile, type StoredKey } from './key-file.js';
import { keyIdOf } from './key-form.js';
import { findPlainKey, hashKeys, type PlainKey, readPlainKeys, WEAK_BELOW } from './plain-keys.js';
import type { Principal } from './principal.js';
import { unauthorized } from './refusal.js';
import { type Identity, principalFrom, type Scope } from './scope.js';
import type { ScryptHash } from './scrypt.js';
import type { AuthSettings, ConfiguredKey } from './settings.js';
import { VerifiedKeys } from './verified.js';
import { WatchedFile } from './watched-file.js';

/** What is in force for a key now. */
interface Entry {
  readonly name: string;
  readonly scope: Scope;
  /** Milliseconds since 1970. */
  readonly expires: number;
  readonly stored?: StoredKey;
}

/** Every key, from the config, from a file of plain keys and from a keys file. Files are read again when they change. */
export class KeyRing {
  readonly #entries = new Map<string, Entry>();
  readonly #principals = new Map<string, Principal>();
  readonly #verified = new VerifiedKeys();
  readonly #files: WatchedFile[] = [];
  readonly #configured: readonly PlainKey[];
  #plain: readonly PlainKey[] = [];
  #stored: readonly StoredKey[] = [];

  /** @throws Error if a file cannot be read, beginning with the config key */
  constructor(
    { keys, apiKeyFile, keysFile }: Pick<AuthSettings, 'keys' | 'apiKeyFile' | 'keysFile'>,
    private readonly log: Log,
  ) {
    this.#configured = this.#hash('auth.keys', keys, []);
    if (apiKeyFile !== undefined) {
      const read = (path: string): void => {
        this.#plain = this.#hash(path, readPlainKeys(path), this.#plain);
        this.#index();
      };
      this.#files.push(new WatchedFile(apiKeyFile, read, log));
    }
    if (keysFile !== undefined) {
      const read = (path: string): void => {
        this.#stored = readKeyFile(path);
        this.#verified.clear();
        this.#index();
      };
      this.#files.push(new WatchedFile(keysFile, read, log));
    }
    this.#index();
  }

  /** @param onChanged keys were added, changed or revoked */
  start(onChanged: () => void): void {
    for (const file of this.#files) file.start(onChanged);
  }

  stop(): void {
    for (const file of this.#files) file.stop();
  }

  /**
   * Whose key it is.
   * @param digest of the key
   * @throws Refusal, or HearthError `overloaded`
   */
  async authenticate(key: string, digest: string): Promise<Principal> {
    const plain = findPlainKey([...this.#configured, ...this.#plain], digest);
    const id = plain?.id ?? keyIdOf(key);
    const entry = id === undefined ? undefined : this.#entries.get(id);
    if (id === undefined || !entry) throw unauthorized('invalid');
    if (entry.expires <= Date.now()) throw unauthorized('expired', entry.name);
    if (!plain && !(await this.#matches(entry, key, digest))) throw unauthorized('invalid', entry.name);
    const principal = this.#principals.get(id);
    // It may have been revoked, or have expired, while it was checked.
    if (!principal?.isValid() || this.#entries.get(id) !== entry) throw unauthorized('invalid', entry.name);
    return principal;
  }

  async #matches({ stored }: Entry, key: string, digest: string): Promise<boolean> {
    if (!stored) return false;
    const secrets: ScryptHash[] = [stored.secret];
    if (stored.former && Date.parse(stored.former.until) > Date.now()) secrets.push(stored.former.secret);
    if (secrets.some((secret) => this.#verified.knows(digest, secret))) return true;
    for (const secret of secrets) if (await this.#verified.check(digest, key, secret)) return true;
    return false;
  }

  /** Principals stay the same objects, so that sessions see what has changed. */
  #index(): void {
    this.#entries.clear();
    for (const { id, name, scope, expires } of [...this.#configured, ...this.#plain]) this.#entries.set(id, { name, scope, expires });
    for (const stored of this.#stored) {
      const { id, name, servers, tools, expires } = stored;
      this.#entries.set(id, {
        name,
        scope: { servers, tools },
        expires: expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires),
        stored,
      });
    }
    for (const id of this.#principals.keys()) if (!this.#entries.has(id)) this.#principals.delete(id);
    for (const [id, { name }] of this.#entries) if (!this.#principals.has(id)) this.#principals.set(id, principalFrom(this.#identity(id, name)));
  }

  #identity(id: string, name: string): Identity {
    return {
      id: `key:${id}`,
      name,
      scopes: () => {
        const entry = this.#entries.get(id);
        return entry ? [entry.scope] : [];
      },
      isValid: () => (this.#entries.get(id)?.expires ?? 0) > Date.now(),
    };
  }

  #hash(source: string, keys: readonly ConfiguredKey[], known: readonly PlainKey[]): PlainKey[] {
    const weak = keys.filter(({ key }) => key.length < WEAK_BELOW).length;
    if (weak > 0) this.log.warn('weak_keys', `${source}: ${weak} of the keys are shorter than ${WEAK_BELOW} characters and can be guessed`);
    return hashKeys(keys, known);
  }
}
