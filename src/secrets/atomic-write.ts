import { randomUUID } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces a file as a whole: readers see the old text or the new one, also after a power cut. Mode 0600.
 * A link is followed, and what it leads to is replaced.
 */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    await withFile(temporary, 'wx', async (handle) => {
      await handle.writeFile(text);
      await handle.sync();
    });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Makes renames in a folder last. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there
  await withFile(folder, 'r', (handle) => handle.sync());
}

/** Creates a file that must not exist. @throws Error with `code` EEXIST */
export async function createPrivate(file: string, text: string): Promise<void> {
  await withFile(file, 'wx', async (handle) => {
    await handle.writeFile(text);
    await handle.sync();
  });
  await syncFolder(dirname(file));
}

async function withFile(file: string, flags: string, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(file, flags, 0o600);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
