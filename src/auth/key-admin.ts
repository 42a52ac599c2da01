import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readKeyFile, type StoredKey, writeKeyFile } from './key-file.js';
import { keyWith, newKeyId } from './key-form.js';
import type { Scope } from './scope.js';
import { hashSecret } from './scrypt.js';

/** Changes that wait for another command to be done with the file, and how long one may take, in milliseconds. */
const WAIT_MS = 50;
const LOCK_MS = 10_000;

export interface NewKey extends Scope {
  readonly name: string;
  /** Until it expires, in milliseconds; undefined for never. */
  readonly lifetime: number | undefined;
}

/** What `hearth keys` does with a keys file. Every method reads it, changes it, and writes it whole. */
export class KeyAdmin {
  constructor(private readonly path: string) {}

  /** @throws Error if the file is no keys file */
  list(): StoredKey[] {
    return existsSync(this.path) ? readKeyFile(this.path) : [];
  }

  /** @returns the key, which nobody can tell again. @throws Error if the name is taken */
  add({ name, servers, tools, lifetime }: NewKey): Promise<string> {
    return this.#change(async (keys) => {
      if (keys.some((key) => key.name === name)) throw new Error(`there is a key "${name}" already; rotate or revoke it, or choose another name`);
      const id = newKeyId();
      const key = keyWith(id);
      const now = Date.now();
      const stored: StoredKey = {
        name,
        id,
        secret: await hashSecret(key),
        created: new Date(now).toISOString(),
        ...(lifetime !== undefined && { expires: new Date(now + lifetime).toISOString() }),
        ...(servers && { servers: [...servers] }),
        ...(tools && { tools: [...tools] }),
      };
      return { keys: [...keys, stored], result: key };
    });
  }

  /** @throws Error if there is none of this name */
  async revoke(name: string): Promise<void> {
    await this.#change(async (keys) => {
      find(keys, name);
      return { keys: keys.filter((key) => key.name !== name), result: undefined };
    });
  }

  /**
   * A new secret for a key, which keeps its id, and so its sessions.
   * @param grace how long the old one still holds, in milliseconds
   */
  rotate(name: string, grace: number): Promise<string> {
    return this.#change(async (keys) => {
      const { former: _former, ...known } = find(keys, name);
      const key = keyWith(known.id);
      const secret = await hashSecret(key);
      const until = new Date(Date.now() + grace).toISOString();
      const rotated: StoredKey = { ...known, secret, ...(grace > 0 && { former: { secret: known.secret, until } }) };
      return { keys: keys.map((other) => (other.id === known.id ? rotated : other)), result: key };
    });
  }

  /** One command at a time: two that read the same state would each undo the other's change. */
  async #change<T>(make: (keys: StoredKey[]) => Promise<{ keys: StoredKey[]; result: T }>): Promise<T> {
    const lock = `${this.path}.lock`;
    await takeLock(lock);
    try {
      const { keys, result } = await make(this.list());
      writeKeyFile(this.path, keys);
      return result;
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

function find(keys: readonly StoredKey[], name: string): StoredKey {
  const found = keys.find((key) => key.name === name);
  if (!found) throw new Error(`there is no key "${name}"; there are: ${keys.map((key) => key.name).join(', ') || 'none'}`);
  return found;
}

/** @throws Error naming the lock if its owner does not give it back */
async function takeLock(lock: string): Promise<void> {
  const deadline = Date.now() + LOCK_MS;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
      if (Date.now() > deadline) throw new Error(`another command holds ${lock} (process ${readFileSync(lock, 'utf8')}); remove it if there is none`);
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
}
