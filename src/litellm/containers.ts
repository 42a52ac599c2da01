import type { LitellmServer } from './generate.js';

/** The nine services of the compose file, each in a container of its own. */
const SERVICES = ['filesystem', 'monitoring', 'memory', 'fetch', 'postgres', 'github', 'n8n', 'playwright', 'timescaledb'];

/**
 * Where LiteLLM finds the nine services inside the compose network.
 * @param base URL with `<name>` for the service
 */
export function containerServers(transport: 'sse' | 'http', base = 'http://mcp-<name>:8080'): LitellmServer[] {
  const path = transport === 'sse' ? '/sse' : '/mcp';
  return SERVICES.map((name) => ({ name, url: base.replaceAll('<name>', name) + path }));
}

/**
 * Where it finds the servers of one hearth.
 * @param base URL of hearth, without a slash at its end
 */
export function hearthServers(names: readonly string[], transport: 'sse' | 'http', base: string): LitellmServer[] {
  const path = transport === 'sse' ? '/sse' : '/mcp';
  if (names.length === 1) return names.map((name) => ({ name, url: base + path }));
  return names.map((name) => ({ name, url: `${base}/servers/${encodeURIComponent(name)}${path}` }));
}
