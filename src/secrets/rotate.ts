import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createPrivate, syncFolder } from './atomic-write.js';
import { SecretError } from './backend.js';
import { StoreKeys } from './envelope.js';
import type { FileStore, OpenStore } from './file-store.js';
import { NEXT } from './key-source.js';
import { newKeyText, parseKey } from './master-key.js';
import type { StoreEntries } from './store-file.js';

export interface Rotation {
  readonly secrets: number;
  /** Where the new key is. */
  readonly keyFile: string;
}

/**
 * Encrypts everything anew with a new master key. The old key stays where it is until the store has been replaced as a
 * whole. After a crash at any point one of the two key files fits the store, and hearth tries both.
 *
 * @param keyFile    the file of the key in use; undefined when it comes from a variable
 * @param newKeyFile where the new key is to be; it must not exist. Without it `keyFile` is replaced.
 * @throws SecretError
 */
export function rotate(store: FileStore, keyFile: string | undefined, newKeyFile?: string): Promise<Rotation> {
  const target = newKeyFile ?? keyFile;
  if (target === undefined)
    throw new SecretError('the key comes from a variable, which hearth cannot change: name a file for the new one with --new-key-file');
  return store.change(async (opened) => {
    if (!opened) throw new SecretError(`there is no store ${store.file}; nothing was changed`);
    const replaces = newKeyFile === undefined;
    if (replaces) await finishEarlier(target, opened);
    const next = replaces ? `${target}${NEXT}` : target;
    const text = newKeyText();
    await createPrivate(next, `${text}\n`).catch((error: NodeJS.ErrnoException) => {
      throw new SecretError(`the new key file ${next} cannot be created: ${error.code === 'EEXIST' ? 'it exists' : error.message}`);
    });
    const keys = StoreKeys.fresh(parseKey(text, next));
    const entries = reencrypted(opened, keys);
    await store.write(entries, keys);
    if (replaces) await replace(next, target);
    return { secrets: Object.keys(entries).length, keyFile: target };
  });
}

/** An earlier rotation was cut short: its new key is either the one that fits by now, or of no use to anybody. */
async function finishEarlier(target: string, { master }: OpenStore): Promise<void> {
  const next = `${target}${NEXT}`;
  if (!existsSync(next)) return;
  if (master.file === next) await replace(next, target);
  else await rm(next);
}

async function replace(next: string, target: string): Promise<void> {
  await rename(next, target);
  await syncFolder(dirname(target));
}

function reencrypted({ entries, keys: old }: OpenStore, keys: StoreKeys): StoreEntries {
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [
      name,
      { ...keys.seal(name, old.open(name, entry)), created: entry.created, updated: entry.updated },
    ]),
  );
}
