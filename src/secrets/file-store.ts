import { readFile } from 'node:fs/promises';
import { reasonOf } from '../errors.js';
import { writeAtomically } from './atomic-write.js';
import { checkSecret, type SecretBackend, SecretError, type SecretInfo } from './backend.js';
import { StoreKeys } from './envelope.js';
import { type KeySettings, type MasterKey, masterKeys } from './key-source.js';
import { withLock } from './lock.js';
import { parseStore, type StoreEntries, storeText, verifiedEntries } from './store-file.js';

/** A store that was read: its entries, and the keys that fit. */
export interface OpenStore {
  readonly entries: StoreEntries;
  readonly keys: StoreKeys;
  readonly master: MasterKey;
}

/** Secrets in one file, encrypted with a key that is kept elsewhere. See docs/adr/0013-secrets.md for the format. */
export class FileStore implements SecretBackend {
  /** @param keys where the master key is; read at each use, so that a rotation needs no restart */
  constructor(
    readonly file: string,
    private readonly keys: () => MasterKey[],
  ) {}

  static from(file: string, settings: KeySettings, env: NodeJS.ProcessEnv): FileStore {
    return new FileStore(file, () => masterKeys(settings, env));
  }

  get where(): string {
    return `the store ${this.file}`;
  }

  async get(name: string): Promise<string | undefined> {
    const store = await this.read();
    const entry = store && Object.hasOwn(store.entries, name) ? store.entries[name] : undefined;
    return entry && store?.keys.open(name, entry);
  }

  async list(): Promise<SecretInfo[]> {
    const { entries = {} } = (await this.read()) ?? {};
    return Object.entries(entries)
      .map(([name, { created, updated }]) => ({ name, created: new Date(created), updated: new Date(updated) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async set(name: string, value: string): Promise<void> {
    checkSecret(name, value);
    await this.change(async (store) => {
      const keys = store?.keys ?? StoreKeys.fresh((this.keys()[0] as MasterKey).key);
      const updated = new Date().toISOString();
      const created = store?.entries[name]?.created ?? updated;
      await this.write({ ...store?.entries, [name]: { ...keys.seal(name, value), created, updated } }, keys);
    });
  }

  async remove(name: string): Promise<boolean> {
    return this.change(async (store) => {
      if (!store || !Object.hasOwn(store.entries, name)) return false;
      const { [name]: _removed, ...rest } = store.entries;
      await this.write(rest, store.keys);
      return true;
    });
  }

  /** Reads, changes and writes while no other process does. @throws SecretError */
  change<T>(use: (store: OpenStore | undefined) => Promise<T>): Promise<T> {
    return withLock(`${this.file}.lock`, async () => use(await this.read()));
  }

  /** @throws SecretError when it cannot be written */
  async write(entries: StoreEntries, keys: StoreKeys): Promise<void> {
    await writeAtomically(this.file, storeText(entries, keys)).catch((error: unknown) => {
      throw new SecretError(`${this.file} cannot be written: ${reasonOf(error)}`);
    });
  }

  /** @returns undefined when there is no file yet @throws SecretError for a wrong key, a damaged or changed file */
  async read(): Promise<OpenStore | undefined> {
    const text = await readFile(this.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new SecretError(`${this.file} cannot be read: ${reasonOf(error)}`);
    });
    if (text === undefined) return undefined;
    const parsed = parseStore(text, this.file);
    for (const master of this.keys()) {
      const keys = new StoreKeys(master.key, parsed.salt);
      if (keys.id === parsed.key) return { entries: verifiedEntries(parsed, keys, this.file), keys, master };
    }
    throw new SecretError(`the key does not fit ${this.file}: it was encrypted with another one`);
  }
}
