import { type JsonObject, objectOf, stringOf } from '../protocol/message.js';
import type { Handshake } from '../supervisor/handshake.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type { Log } from '../telemetry/log.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import { Catalog, LIST_KINDS, type ListKind } from './catalog.js';

export interface OfferingOptions {
  /** Whether a tool is offered at all. */
  admits(tool: JsonObject): boolean;
  readonly log: Log;
  readonly metrics: ServerMetrics;
  /** Limit for reading one page of a list, in milliseconds. */
  readonly listTimeout: number;
  /** Told of lists that differ from what was known; without a listener only the tools are kept. */
  readonly onChanged: ((kinds: readonly ListKind[]) => void) | undefined;
}

/** What one server offers: its last good handshake and lists, which outlive any of its children. */
export class Offering {
  readonly catalog: Catalog;
  #handshake: Handshake | undefined;
  #isComplete = false;

  constructor(private readonly options: OfferingOptions) {
    this.catalog = new Catalog((kind, entry) => kind !== 'tools' || options.admits(entry));
  }

  get handshake(): Handshake | undefined {
    return this.#handshake;
  }

  /** Whether every list has been read once, as far as it can be read. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Takes over what a child that has just become ready offers. */
  async learn(handshake: Handshake, child: Supervisor): Promise<void> {
    this.#handshake = handshake;
    if (this.#setTools(handshake.tools)) this.options.onChanged?.(['tools']);
    const others = LIST_KINDS.filter((kind) => kind !== 'tools');
    await this.reload(child, others);
    this.#isComplete = true;
  }

  /** Reads lists again. A wrapper needs only the tools; a hub answers every list from here. */
  async reload(child: Supervisor, wanted: readonly ListKind[]): Promise<void> {
    const { log, listTimeout, onChanged } = this.options;
    const kinds = onChanged ? wanted : wanted.filter((kind) => kind === 'tools');
    const { handshake } = child;
    if (!handshake || kinds.length === 0) return;
    const ask = (method: string, params?: JsonObject): Promise<unknown> => child.ask(method, params, listTimeout);
    const { changed, failed } = await this.catalog.load(kinds, handshake, ask);
    if (changed.includes('tools')) this.#setTools(this.catalog.get('tools'));
    if (failed.length > 0) log.warn('list_failed', `could not read ${failed.join(', ')}; the last good list stays`);
    if (changed.length > 0) onChanged?.(changed);
  }

  /** A tool by its own name, as it was last listed. */
  tool(name: string): JsonObject | undefined {
    return this.catalog.tool(name);
  }

  /** What a tool's own annotations say of it; nothing for an unknown one. */
  annotations(name: string): JsonObject {
    return objectOf(this.tool(name)?.annotations) ?? {};
  }

  /** Whether a second call of the tool does no more than the first. */
  isRepeatable(name: string): boolean {
    const { readOnlyHint, idempotentHint } = this.annotations(name);
    return readOnlyHint === true || idempotentHint === true;
  }

  #setTools(tools: readonly JsonObject[]): boolean {
    const changed = this.catalog.set('tools', tools);
    this.options.metrics.setTools(this.catalog.get('tools').map((tool) => stringOf(tool.name) ?? ''));
    return changed;
  }
}
