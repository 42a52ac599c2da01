import { readFileSync } from 'node:fs';
import { PACKAGE_ROOT } from './package-root.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', PACKAGE_ROOT), 'utf8')) as { version: string };

/** hearth's own version, from its package. */
export const VERSION: string = version;
