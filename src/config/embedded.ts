import type { ConfigInput } from './schema.js';

/**
 * What runs without a config file: real servers that hearth brings along, on a bare machine, without credentials.
 * @param data folder that the filesystem and memory servers work in
 */
export function embeddedConfig(data: string): ConfigInput {
  return {
    servers: {
      // A client's roots would replace the folder for everybody who shares this server, so they are not offered.
      filesystem: { command: 'mcp-server-filesystem', args: [data], offer: ['sampling', 'elicitation'] },
      memory: { command: 'mcp-server-memory', env: { MEMORY_FILE_PATH: `${data}/memory.jsonl` } },
      thinking: { command: 'mcp-server-sequential-thinking' },
      everything: { command: 'mcp-server-everything' },
    },
  };
}
