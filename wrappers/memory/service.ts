import { ToolFault } from '../shared/faults.js';
import type { Settings } from './settings.js';
import type { Store } from './store.js';

/** What the tools work with. */
export interface MemoryContext {
  readonly store: Store;
  readonly settings: Pick<Settings, 'namespace' | 'namespaceFixed'>;
  /** Called after each change that is stored. */
  changed(namespace: string): void;
}

/** @throws ToolFault when this server serves one namespace only, and it is another one */
export function namespaceOf({ settings }: MemoryContext, asked: string | undefined): string {
  if (asked === undefined || asked === settings.namespace) return settings.namespace;
  if (settings.namespaceFixed) {
    throw new ToolFault(`This server serves the namespace '${settings.namespace}' only (MEMORY_NAMESPACE_FIXED). Leave the argument namespace out.`);
  }
  return asked;
}
