import { existsSync, readFileSync } from 'node:fs';

/** The package's version: two folders up from the source, three from what is built. */
export const VERSION: string =
  ['../../package.json', '../../../package.json']
    .map((path) => new URL(path, import.meta.url))
    .filter((file) => existsSync(file))
    .map((file) => (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version)
    .at(0) ?? '0.0.0';
