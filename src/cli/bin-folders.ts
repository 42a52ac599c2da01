import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Folders with the programs of the packages that hearth depends on, nearest first: `node_modules/.bin` of its own
 * package and of every folder above (npm installs dependencies beside or above the package that needs them).
 */
export function binFolders(from: string = dirname(fileURLToPath(import.meta.url))): string[] {
  const folders: string[] = [];
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', '.bin');
    if (existsSync(candidate)) folders.push(candidate);
    if (dirname(folder) === folder) return folders;
  }
}
