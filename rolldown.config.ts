import { defineConfig, type Plugin } from 'rolldown';

/** zod brings the texts of its errors in fifty languages and makes all of them part of itself; hearth speaks one. */
const oneLanguage: Plugin = {
  name: 'one-language',
  load: {
    filter: { id: /\/zod\/v4\/locales\/index\.js$/ },
    handler: () => `export { default as en } from './en.js';`,
  },
};

const LAZY_BUILTIN = /^node:https?$/;

/**
 * `import ... from 'node:http'` reads every export of that module, and one of them loads fetch and WebSocket: 50 ms and 13 MB
 * for nothing. `require` reads none.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  // Packages require it themselves, and want all of it.
  resolveId: { filter: { id: LAZY_BUILTIN }, handler: (id, importer) => (importer?.includes('/node_modules/') ? undefined : `\0${id}`) },
  load: {
    filter: { id: /^\0node:https?$/ },
    handler: (id) =>
      `import { createRequire } from 'node:module';
       export const { Agent, createServer, request, ServerResponse } = createRequire(import.meta.url)('${id.slice(1)}');`,
  },
};

/**
 * The program with everything that it uses, in a few files: to find and read a thousand files takes longer than all else at a
 * start. What is imported when it is needed is a file of its own.
 */
export default defineConfig({
  input: { main: 'src/main.ts' },
  platform: 'node',
  external: ['pg', 'ioredis'],
  plugins: [oneLanguage, lazyBuiltins],
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'bundle-[name].js' },
});
