import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { verifies } from '../../acceptance/requirements.js';
import { SKIPPED, urlOf } from './compose.js';

/** Those whose programs are in images only, and are the real ones there; `npm test` looks at the others. */
const IN_IMAGES = ['fetch', 'n8n', 'playwright', 'postgres'];

describe.skipIf(SKIPPED)(`pages of the services' tools ${SKIPPED ?? ''}`, () => {
  it(verifies(['S.docs'], 'say what the services in the images list'), async () => {
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const services = await Promise.all(IN_IMAGES.map(async (name) => `${name}=${await urlOf(`mcp-${name}`)}`));
    const { stdout } = await execa(process.execPath, ['scripts/api-pages.ts', '--check', ...services], { cwd: root });
    expect(stdout.split('\n')).toEqual(IN_IMAGES.map((name) => `${name}: fresh`));
  });
});
