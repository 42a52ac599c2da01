import { type Json, messagesOf, RawHttp } from './raw-client.js';

export const VERSION = '2026-07-28';
const NAMED: Readonly<Record<string, string>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' };

export interface StatelessRequest {
  readonly capabilities?: Json;
  readonly meta?: Json;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** A bare client of revision 2026-07-28: shows exactly what is on the wire. */
export class RawStateless {
  #nextId = 1;
  readonly http: RawHttp;

  constructor(url: string) {
    this.http = new RawHttp(url);
  }

  /** The response, unread. */
  post(
    method: string,
    params: Json = {},
    { capabilities = {}, meta, headers, signal }: StatelessRequest = {},
    id: unknown = this.#nextId++,
  ): Promise<Response> {
    const name = params[NAMED[method] ?? ''];
    const own = { 'MCP-Protocol-Version': VERSION, 'Mcp-Method': method, ...(typeof name === 'string' && { 'Mcp-Name': name }) };
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': VERSION,
      'io.modelcontextprotocol/clientCapabilities': capabilities,
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
      ...meta,
    };
    return this.http.post({ jsonrpc: '2.0', id, method, params: { ...params, _meta } }, { ...own, ...headers }, signal);
  }

  /** Every message of the response, the reply last. */
  async request(method: string, params: Json = {}, options: StatelessRequest = {}): Promise<Json[]> {
    return messagesOf(await this.post(method, params, options));
  }

  /** The reply's result. @throws Error with the reply if it is an error */
  async result(method: string, params: Json = {}, options: StatelessRequest = {}): Promise<Json> {
    const reply = (await this.request(method, params, options)).at(-1);
    if (!reply?.result) throw new Error(JSON.stringify(reply));
    return reply.result as Json;
  }

  /** Calls a tool. */
  call(name: string, args: Json = {}, options: StatelessRequest & { readonly answers?: Json } = {}): Promise<Json> {
    return this.result('tools/call', { name, arguments: args, ...options.answers }, options);
  }
}

/** The least that a request says of its client. */
export const MODERN: Json = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
};
