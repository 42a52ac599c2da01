import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/**
 * A response with headers that go with whatever head it gets: which request it belongs to, and what is left of a limit. A header
 * that is set before the others makes node:http keep and check a table of all of them; one that is written with them costs nothing beside.
 */
export class Answer extends ServerResponse {
  readonly #always: Record<string, string> = {};
  /** Whether it is an event stream, once its head is written. */
  isStream = false;

  /** The head, whatever it says, says this too. */
  always(name: string, value: string): void {
    this.#always[name] = value;
  }

  override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
    if (typeof reason !== 'object' || Array.isArray(reason)) {
      this.tell();
      return typeof reason === 'string' ? super.writeHead(status, reason, headers) : super.writeHead(status, reason);
    }
    this.isStream = reason['Content-Type'] === 'text/event-stream';
    return super.writeHead(status, { ...reason, ...this.#always });
  }

  /** For whoever writes the head in another way: express puts methods of its own in place of these. */
  tell(): void {
    for (const [name, value] of Object.entries(this.#always)) this.setHeader(name, value);
  }
}
