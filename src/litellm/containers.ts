import { standardServices } from '../config/embedded.js';
import type { LitellmServer } from './generate.js';

/**
 * Where LiteLLM finds the services inside the compose network, each in a container of its own.
 * @param base URL with `<name>` for the service
 */
export function containerServers(transport: 'sse' | 'http', base = 'http://mcp-<name>:8080'): LitellmServer[] {
  const path = transport === 'sse' ? '/sse' : '/mcp';
  return standardServices().map((name) => ({ name, url: base.replaceAll('<name>', name) + path }));
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
