import { delimiter, isAbsolute } from 'node:path';
import { findOnPath, isProgram } from '../process/init.js';
import { binFolders } from './bin-folders.js';

/** Whether a program can be started: one named by its path, or on the PATH that hearth's children get. */
export function isInstalled(command: string): boolean {
  if (isAbsolute(command)) return isProgram(command);
  return findOnPath([process.env.PATH ?? '', ...binFolders()].join(delimiter), command) !== undefined;
}
