import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { asHearthError, HearthError } from '../errors.js';
import { type Message, objectOf, parseJson, parseMessage, stringOf } from '../protocol/message.js';
import { readEvents } from './event-stream.js';
import { RemoteHttp, type RemoteOptions, textOf } from './http-request.js';
import { RemoteEnd } from './remote-end.js';
import type { Connect, Upstream, UpstreamHandlers } from './upstream.js';

const RECONNECT_MS = 1_000;
const GOODBYE_MS = 1_000;
/** Attempts to open its stream again, with nobody to be reached, after which a server counts as gone. */
const MAX_UNREACHED = 3;

/** A factory of upstreams that speak Streamable HTTP (2025-03-26 to 2025-11-25) to a remote server. */
export function streamableHttpUpstream(options: RemoteOptions): Connect {
  return (handlers) => new StreamableHttpUpstream(options, handlers);
}

class StreamableHttpUpstream implements Upstream {
  readonly pid = undefined;
  readonly #http: RemoteHttp;
  readonly #end: RemoteEnd;
  readonly #abort = new AbortController();
  #session: string | undefined;
  #version: string | undefined;

  constructor(
    private readonly options: RemoteOptions,
    private readonly handlers: UpstreamHandlers,
  ) {
    this.#http = new RemoteHttp(options);
    this.#end = new RemoteEnd(options.url.origin, handlers, () => this.close());
  }

  send(raw: string): void {
    if (this.#end.closed) throw new HearthError('child_exited', 'The connection to the server has ended.');
    void this.#post(parseMessage(raw));
  }

  async close(): Promise<void> {
    if (!this.#end.markClosed()) return;
    this.#abort.abort();
    if (this.#session !== undefined) {
      const signal = AbortSignal.timeout(GOODBYE_MS);
      const gone = this.#http.send({ method: 'DELETE', url: this.options.url, headers: this.#headers(), signal });
      await gone.then((response) => response.resume()).catch(() => {});
    }
    this.#http.close();
  }

  async #post(message: Message): Promise<void> {
    const headers = { ...this.#headers(), 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    try {
      const response = await this.#http.send({ method: 'POST', url: this.options.url, headers, body: message.raw, signal: this.#abort.signal });
      await this.#onResponse(message, response);
    } catch (error) {
      this.#end.failed(message, asHearthError(error));
    }
    if (message.kind === 'notification' && message.method === 'notifications/initialized') void this.#listen();
  }

  async #onResponse(message: Message, response: IncomingMessage): Promise<void> {
    const status = response.statusCode ?? 0;
    this.#session ??= stringOf(response.headers['mcp-session-id']);
    if (status === 404 && this.#session !== undefined) {
      response.resume();
      this.#session = undefined;
      this.#end.lostSession(message);
      return;
    }
    if (message.kind !== 'request') {
      response.resume();
      return;
    }
    const answered = await this.#read(response, message.id);
    if (answered || this.#end.closed) return;
    const why = status >= 400 ? `the server answered HTTP ${status}` : 'the server ended the response without an answer';
    this.#end.refuse(message, new HearthError('unavailable', why));
  }

  /** Hands on every message of a response. @returns whether the answer to the request was among them */
  async #read(response: IncomingMessage, id?: unknown): Promise<boolean> {
    let answered = false;
    const take = (message: Message): void => {
      if (message.kind === 'response' && message.id === id) answered = true;
      this.#deliver(message);
    };
    const type = response.headers['content-type'] ?? '';
    if (type.startsWith('text/event-stream')) {
      const { maxMessage } = this.options;
      const whole = await readEvents(response, maxMessage, ({ data }) => {
        for (const message of parse(data)) take(message);
      });
      if (!whole) throw new HearthError('too_large', `the answer is larger than the limit of ${maxMessage} bytes`);
    } else {
      for (const message of parse(await textOf(response, this.options.maxMessage))) {
        // Errors of the HTTP layer come without the request's id.
        if (message.kind !== 'response' || message.id !== null) take(message);
      }
    }
    return answered;
  }

  #deliver(message: Message): void {
    if (this.#end.closed) return;
    const result = message.kind === 'response' ? objectOf(message.body.result) : undefined;
    this.#version ??= stringOf(result?.protocolVersion);
    this.handlers.onMessage(message);
  }

  /**
   * The stream for messages that belong to no request, opened again whenever it ends; servers need not have it. A server
   * that had it, and cannot be reached any more, is gone: a container that was stopped shows here long before it misses pings.
   */
  async #listen(): Promise<void> {
    let worked = false;
    let unreached = 0;
    const unreachable = (error: unknown): undefined => {
      const { code, message } = asHearthError(error);
      unreached++;
      if (worked && (code === 'child_exited' || unreached >= MAX_UNREACHED)) this.#end.end(message);
    };
    while (!this.#end.closed) {
      const headers = { ...this.#headers(), Accept: 'text/event-stream' };
      const stream = this.#http.send({ method: 'GET', url: this.options.url, headers, signal: this.#abort.signal });
      const response = await stream.catch(unreachable);
      if (response) {
        unreached = 0;
        const status = response.statusCode ?? 0;
        // Without a stream before, it says that there is none: then the next call will tell about the session.
        if (status === 404 && worked) {
          this.#session = undefined;
          this.#end.lostSession();
        }
        if (status !== 200) response.resume();
        else await this.#read(response).catch(() => {}); // it broke off: the next attempt, or the next call, will tell
        worked ||= status === 200;
        if (status !== 200 && status < 500) return; // 405: there is none; a proxy's 502 passes
      }
      await delay(RECONNECT_MS, undefined, { signal: this.#abort.signal }).catch(() => {});
    }
  }

  #headers(): Record<string, string> {
    return {
      ...(this.#session !== undefined && { 'Mcp-Session-Id': this.#session }),
      ...(this.#version !== undefined && { 'MCP-Protocol-Version': this.#version }),
    };
  }
}

/** One message, or a batch of revision 2025-03-26; what is not JSON-RPC is nobody's. */
function parse(text: string): Message[] {
  try {
    const body = text.trimStart().startsWith('[') ? parseJson(text) : undefined;
    return Array.isArray(body) ? body.map((entry) => parseMessage(JSON.stringify(entry))) : [parseMessage(text)];
  } catch {
    return [];
  }
}
