import { defineConfig } from 'vitest/config';

// npm run test:containers. One project for all files, one after the other: some tests stop what others need.
export default defineConfig({
  test: {
    root: new URL('../../../', import.meta.url).pathname,
    include: ['tests/e2e/containers/*.test.ts'],
    globalSetup: ['tests/e2e/containers/stack.ts'],
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 240_000,
    reporters: ['verbose'],
  },
});
