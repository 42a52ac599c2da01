import { type JsonObject, objectOf } from '../protocol/message.js';
import { enveloped, envelopeFrom, type Handshake } from '../supervisor/handshake.js';
import type { Supervisor } from '../supervisor/supervisor.js';

/** Which member of a listen's filter asks for the changes of which capability. */
const LIST_FILTERS = { tools: 'toolsListChanged', prompts: 'promptsListChanged', resources: 'resourcesListChanged' } as const;

/**
 * hearth's own `subscriptions/listen` requests to a server of the modern era, which sends no notification unasked
 * (2026-07-28, subscriptions): one for its lists, and one for each resource that somebody wants to hear of. They stay
 * open as long as the server runs.
 */
export class UpstreamListens {
  /** Request id of each listen -> the resource it is for; undefined for the lists. */
  readonly #open = new Map<number, string | undefined>();

  /** @param params of `initialize`: who hearth is */
  constructor(
    private readonly supervisor: Supervisor,
    private readonly params: JsonObject,
  ) {}

  /** A fresh server: everything is asked for again. */
  restart({ capabilities }: Handshake, uris: readonly string[]): void {
    this.#open.clear();
    const wanted = Object.entries(LIST_FILTERS).filter(([capability]) => objectOf(capabilities[capability])?.listChanged === true);
    if (wanted.length > 0) this.#listen(Object.fromEntries(wanted.map(([, filter]) => [filter, true])), undefined);
    for (const uri of uris) this.add(uri);
  }

  add(uri: string): void {
    this.#listen({ resourceSubscriptions: [uri] }, uri);
  }

  remove(uri: string): void {
    for (const [id, listened] of this.#open) {
      if (listened !== uri) continue;
      this.#open.delete(id);
      this.supervisor.trySend(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } }));
    }
  }

  /** Whether an answer of the server ends one of these; if so it is consumed. */
  settle(id: unknown): boolean {
    return typeof id === 'number' && this.#open.delete(id);
  }

  #listen(notifications: JsonObject, uri: string | undefined): void {
    if (this.supervisor.state !== 'ready') return; // restart() makes up for it
    const id = this.supervisor.nextId();
    this.#open.set(id, uri);
    const params = enveloped({ notifications }, envelopeFrom(this.params));
    this.supervisor.trySend(JSON.stringify({ jsonrpc: '2.0', id, method: 'subscriptions/listen', params }));
  }
}
