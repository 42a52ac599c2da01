import { asHearthError, HearthError } from '../errors.js';
import { type Message, parseMessage } from '../protocol/message.js';
import { readEvents } from './event-stream.js';
import { RemoteHttp, type RemoteOptions } from './http-request.js';
import { RemoteEnd } from './remote-end.js';
import type { Connect, Upstream, UpstreamHandlers } from './upstream.js';

/** A factory of upstreams that speak HTTP with SSE (2024-11-05) to a remote server, for instance a wrapper's container. */
export function sseUpstream(options: RemoteOptions): Connect {
  return (handlers) => new SseUpstream(options, handlers);
}

class SseUpstream implements Upstream {
  readonly pid = undefined;
  readonly #http: RemoteHttp;
  readonly #end: RemoteEnd;
  readonly #abort = new AbortController();
  readonly #beforeEndpoint: string[] = [];
  #endpoint: URL | undefined;

  constructor(
    private readonly options: RemoteOptions,
    private readonly handlers: UpstreamHandlers,
  ) {
    this.#http = new RemoteHttp(options);
    this.#end = new RemoteEnd(options.url.origin, handlers, () => this.close());
    void this.#listen();
  }

  send(raw: string): void {
    if (this.#end.closed) throw new HearthError('child_exited', 'The connection to the server has ended.');
    if (this.#endpoint) void this.#post(this.#endpoint, raw);
    else this.#beforeEndpoint.push(raw);
  }

  close(): Promise<void> {
    this.#end.markClosed();
    this.#abort.abort();
    this.#http.close();
    return Promise.resolve();
  }

  async #listen(): Promise<void> {
    const { url, maxMessage } = this.options;
    try {
      const response = await this.#http.send({ method: 'GET', url, headers: { Accept: 'text/event-stream' }, signal: this.#abort.signal });
      if (response.statusCode !== 200) {
        response.resume();
        this.#end.end(`${url.origin} answered GET with HTTP ${response.statusCode}`);
        return;
      }
      const whole = await readEvents(response, maxMessage, ({ event, data }) => (event === 'endpoint' ? this.#onEndpoint(data) : this.#onData(data)));
      this.#end.end(whole ? `${url.origin} has closed the event stream` : `${url.origin} sent an event larger than the limit of ${maxMessage} bytes`);
    } catch (error) {
      this.#end.end(asHearthError(error).message);
    }
  }

  #onEndpoint(data: string): void {
    const endpoint = URL.canParse(data, this.options.url.href) ? new URL(data, this.options.url) : undefined;
    // Another origin would be given our headers, which may hold credentials.
    if (endpoint?.origin !== this.options.url.origin) {
      this.#end.end(`${this.options.url.origin} named an endpoint on another origin`);
      return;
    }
    this.#endpoint = endpoint;
    for (const raw of this.#beforeEndpoint.splice(0)) void this.#post(endpoint, raw);
  }

  #onData(data: string): void {
    let message: Message;
    try {
      message = parseMessage(data);
    } catch {
      return; // not a message: never for a client
    }
    if (!this.#end.closed) this.handlers.onMessage(message);
  }

  async #post(url: URL, raw: string): Promise<void> {
    const message = parseMessage(raw);
    try {
      const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
      const response = await this.#http.send({ method: 'POST', url, headers, body: raw, signal: this.#abort.signal });
      response.resume();
      const status = response.statusCode ?? 0;
      if (status < 300 || this.#end.closed) return;
      if (status === 404) {
        this.#end.lostSession(message);
      } else {
        this.#end.refuse(message, new HearthError('unavailable', `the server answered HTTP ${status}`));
      }
    } catch (error) {
      this.#end.failed(message, asHearthError(error));
    }
  }
}
