import { defineConfig } from 'vitest/config';

/** The rooms whose coverage is the wrapper's promise (requirements.md, group Q). */
const WRAPPER = ['transport', 'session', 'router', 'admission', 'supervisor', 'upstream', 'process', 'protocol'];

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/support/build.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'coverage/report.json' }]] : ['default'],
    coverage: {
      provider: 'v8',
      include: WRAPPER.map((room) => `src/${room}/**`),
      reporter: ['text-summary', 'json-summary', 'html'],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
