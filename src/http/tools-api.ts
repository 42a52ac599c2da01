import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { principalOf } from '../auth/principal.js';
import { HearthError } from '../errors.js';
import { litellmName } from '../litellm/name.js';
import { META } from '../protocol/envelope.js';
import { isObject, type JsonObject, objectOf, parseJson, type RequestMessage, stringOf } from '../protocol/message.js';
import { LATEST_STATELESS_VERSION } from '../protocol/versions.js';
import type { Exchange } from '../router/router.js';
import type { ServerRouter } from '../router/server-router.js';
import type { StatelessCalls } from '../session/stateless-calls.js';
import { readBody, requireJson } from '../transport/io.js';
import { originOf, type TransportSettings } from '../transport/transport.js';

export interface ToolsApiOptions {
  readonly servers: readonly ServerRouter[];
  readonly stateless: StatelessCalls;
  readonly settings: TransportSettings;
}

/** Members that LiteLLM's answers always have. */
const EMPTY_TOOL = { title: null, description: null, outputSchema: null, icons: null, annotations: null, _meta: null };
const EMPTY_RESULT = { _meta: null, structuredContent: null, isError: false };

/** The two paths of the LiteLLM proxy that need no model, so that what calls them can be pointed at hearth alone. */
export class ToolsApi {
  constructor(private readonly options: ToolsApiOptions) {}

  /** `GET /v1/mcp/tools`: the tools of all servers, named `<server>-<tool>` with underscores in the server's name. */
  tools(req: IncomingMessage): JsonObject {
    const principal = principalOf(req);
    const tools = this.options.servers.flatMap((server) => {
      const there = principal?.at(server.name);
      if (principal?.mayUse(server.name) === false) return [];
      const shown = server.catalog.get('tools').filter(({ name }) => there?.mayCall(stringOf(name) ?? '') !== false);
      return shown.map((tool) => ({ ...EMPTY_TOOL, ...tool, name: `${litellmName(server.name)}-${stringOf(tool.name) ?? ''}` }));
    });
    return { tools };
  }

  /**
   * `POST /mcp-rest/tools/call` with `{server_id, name, arguments}`.
   * @throws HearthError `invalid_params`, `not_found`, or what the call failed with
   */
  async call(req: IncomingMessage, res: ServerResponse): Promise<JsonObject> {
    requireJson(req);
    const body = parseJson(await this.#body(req));
    const { server, tool, args } = this.#target(body);
    const principal = principalOf(req);
    if (principal?.mayUse(server.name) === false) throw notFound(server.name);
    const context = { settings: this.options.settings, server: server.name };
    const result = await this.#make(server, requestFor(tool, args), originOf(req, context), res);
    if (result.resultType === 'input_required') {
      throw new HearthError('missing_capability', `Tool "${tool}" asks its client something, which this path has no way to answer; use /mcp.`);
    }
    return { ...EMPTY_RESULT, ...result };
  }

  #body(req: IncomingMessage): Promise<string> {
    const { maxMessage } = this.options.settings;
    return new Promise((resolve, reject) => readBody(req, maxMessage, (error, raw) => (error ? reject(error) : resolve(raw))));
  }

  #target(body: unknown): { server: ServerRouter; tool: string; args: JsonObject } {
    if (!isObject(body)) throw invalid('the body must be an object');
    const { server_id: id, name, arguments: args = {} } = body;
    if (typeof name !== 'string') throw invalid('"name" must be the name of a tool');
    if (!isObject(args)) throw invalid('"arguments" must be an object');
    if (id !== undefined && typeof id !== 'string') throw invalid('"server_id" must be the name of a server');
    const { servers } = this.options;
    const prefixed = servers.find((server) => name.startsWith(`${litellmName(server.name)}-`));
    const named = id === undefined ? prefixed : servers.find((server) => server.name === id || litellmName(server.name) === id);
    if (!named) throw notFound(id ?? name);
    const isOwnName = id !== undefined && named.tool(name) !== undefined;
    return { server: named, tool: prefixed === named && !isOwnName ? name.slice(litellmName(named.name).length + 1) : name, args };
  }

  /** One request that stands alone. Who leaves before its answer cancels it. */
  #make(server: ServerRouter, message: RequestMessage, origin: ReturnType<typeof originOf>, res: ServerResponse): Promise<JsonObject> {
    return new Promise((resolve, reject) => {
      const exchange: Exchange = {
        reply(raw) {
          const { result, error } = parseJson(raw) as JsonObject;
          if (error === undefined) resolve(objectOf(result) ?? {});
          else reject(new HearthError('call_failed', stringOf(objectOf(error)?.message) ?? 'The server answered with an error.', server.name));
        },
        fail: (_id, error) => reject(error),
        send: () => {}, // nobody listens for progress here
        end: () => reject(new HearthError('client_gone', 'The client left before the answer.')),
      };
      const left = this.options.stateless.call(server, message, origin, exchange);
      res.once('close', left);
    });
  }
}

function requestFor(name: string, args: JsonObject): RequestMessage {
  const id = randomUUID();
  const params = { name, arguments: args, _meta: { [META.version]: LATEST_STATELESS_VERSION, [META.capabilities]: {} } };
  const body = { jsonrpc: '2.0', id, method: 'tools/call', params };
  return { kind: 'request', raw: JSON.stringify(body), body, id, method: 'tools/call', params };
}

function invalid(what: string): HearthError {
  return new HearthError('invalid_request', `Bad request: ${what}.`);
}

function notFound(name: string): HearthError {
  return new HearthError('not_found', `There is no server "${name}"; GET /v1/mcp/tools lists what there is.`);
}
