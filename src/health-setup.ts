import type { ServerConfig } from './config/schema.js';
import { DeepCheck } from './health/deep-check.js';
import { Dependencies } from './health/dependencies.js';
import type { Overheard } from './health/overheard.js';
import { ServerHealth, type ServerHealthOptions } from './health/server-health.js';

/**
 * How a configured server is looked after.
 * @param overheard what it wrote to its log
 * @param url       hearth's own, once it listens
 */
export function healthOf(
  { check, credentials, dependsOn, minTools }: ServerConfig,
  parts: Pick<ServerHealthOptions, 'router' | 'needs' | 'log' | 'metrics'>,
  overheard: Overheard,
  url: () => string,
): ServerHealth {
  const isKeyed = Object.keys(credentials).length > 0; // no child is there before a client brings its own
  return new ServerHealth({
    ...parts,
    dependencies: new Dependencies(dependsOn),
    check: check && !isKeyed ? new DeepCheck(check, (call) => parts.router.checks.make(call), overheard, url) : undefined,
    minTools: isKeyed ? 0 : minTools,
  });
}

/** How hearth reaches itself: an address that stands for all of them is none to connect to, and browsers refuse it. */
export function ownUrl(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}
