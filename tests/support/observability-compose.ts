import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export interface Part {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly mem_limit?: string;
  readonly cpus?: number;
  readonly read_only?: boolean;
  readonly networks?: readonly string[];
}

/** The compose overlay, anchors merged, variables as they are written. */
export function overlay(): { services: Record<string, Part>; volumes: Record<string, unknown>; networks: Record<string, unknown> } {
  return parse(readFileSync(fileURLToPath(new URL('../../compose/observability.yaml', import.meta.url)), 'utf8'), { merge: true });
}

/** What the socket proxy lets pass, as it reads it itself: anchored at both ends. */
export function allowed(method: string): RegExp {
  const flag = overlay().services['docker-proxy']?.command?.find((entry) => entry.startsWith(`-allow${method}=`));
  return new RegExp(`^${flag?.slice(flag.indexOf('=') + 1) ?? '(?!)'}$`);
}
