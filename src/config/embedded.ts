import type { ConfigInput } from './schema.js';
import { readService, serviceNames } from './services.js';

/**
 * What runs without a config file: the services, as far as they can run here, and two servers to try things with.
 * @param data folder that the filesystem and memory servers work in
 */
export function embeddedConfig(data: string, services: readonly string[]): ConfigInput {
  const entries = services.map((service) => [service, { service, env: FOLDERS[service]?.(data) ?? {} }]);
  return {
    servers: {
      ...Object.fromEntries(entries),
      thinking: { command: 'mcp-server-sequential-thinking' },
      everything: { command: 'mcp-server-everything' },
    },
  };
}

/** The memory is kept here even if the environment names some database, which was not meant for it. */
const FOLDERS: Readonly<Record<string, (data: string) => Record<string, string>>> = {
  filesystem: (data) => ({ FILESYSTEM_ROOT: data }),
  memory: (data) => ({ MEMORY_DIR: `${data}/memory`, DATABASE_URL: '' }),
};

/** The services that a homelab runs, each in a container or all of them here; the others are the catalog's. */
export function standardServices(): string[] {
  const ports = serviceNames().flatMap((name) => {
    const { container } = readService(name);
    return container ? [{ name, port: container.port }] : [];
  });
  return ports.sort((a, b) => a.port - b.port).map(({ name }) => name);
}
