import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { binFolders } from './bin-folders.js';

/** Whether a program can be started: one named by its path, or on the PATH that hearth's children get. */
export function isInstalled(command: string): boolean {
  if (isAbsolute(command)) return canRun(command);
  return [...(process.env.PATH ?? '').split(delimiter), ...binFolders()].some((folder) => canRun(join(folder, command)));
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
