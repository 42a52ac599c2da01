import { isObject, type JsonObject } from '../protocol/message.js';

/** Keys of other clients' server entries that mean nothing to a gateway. */
const IGNORED = new Set(['disabled', 'autoApprove', 'alwaysAllow', 'envFile', 'dev', 'gallery', 'description', 'timeout']);

/**
 * Reads the configs of Claude and Cursor (`mcpServers`) and VS Code (`servers` beside `inputs`) as they are:
 * turns them into hearth's own form. Anything else is returned unchanged.
 *
 * @returns the config, and the renames that were needed to make names fit for URLs and tool names
 */
export function fromForeign(body: JsonObject): { body: JsonObject; renamed: ReadonlyArray<readonly [from: string, to: string]> } {
  const servers = isObject(body.mcpServers) ? body.mcpServers : 'inputs' in body && isObject(body.servers) ? body.servers : undefined;
  if (!servers) return { body, renamed: [] };
  const renamed: Array<readonly [string, string]> = [];
  const taken = new Set(Object.keys(servers).filter((name) => sanitise(name) === name));
  const entries = Object.entries(servers)
    .filter(([, server]) => !isObject(server) || server.disabled !== true)
    .map(([name, server]) => {
      const fits = taken.has(name) ? name : unused(sanitise(name) || 'server', taken);
      taken.add(fits);
      if (fits !== name) renamed.push([name, fits]);
      return [fits, isObject(server) ? withoutIgnored(server) : server];
    });
  const { mcpServers: _m, servers: _s, inputs: _i, ...rest } = body;
  return { body: { ...rest, servers: Object.fromEntries(entries) }, renamed };
}

/** Two names may become one; neither server may be lost by that. */
function unused(name: string, taken: ReadonlySet<string>): string {
  let candidate = name;
  for (let number = 2; taken.has(candidate); number++) candidate = `${name}-${number}`;
  return candidate;
}

function withoutIgnored(server: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(server).filter(([key]) => !IGNORED.has(key)));
}

function sanitise(name: string): string {
  return name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/_{2,}/g, '_')
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
