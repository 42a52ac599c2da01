import type { IncomingMessage, ServerResponse } from 'node:http';
import { Deadlines } from '../deadlines.js';
import { asHearthError, HearthError } from '../errors.js';
import { claimsEnvelope, readEnvelope } from '../protocol/envelope.js';
import type { Message, RequestMessage } from '../protocol/message.js';
import { statusOf } from '../protocol/modern-result.js';
import { isModernRevision } from '../protocol/versions.js';
import { sendAccepted, sendError } from './io.js';
import { checkParamHeaders, checkStandardHeaders } from './mirrored-headers.js';
import { PostExchange } from './post-exchange.js';
import { originOf, principalAt, type TransportContext } from './transport.js';

/** A stream has said 200 before its answer is known, and in this era the status of an error tells something. */
const PATIENCE = 10;

/** Methods that the revision has taken out. */
const REMOVED = new Set(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']);

/** Whether a request header names a revision of the modern era. */
export function namesModernRevision({ headers }: IncomingMessage): boolean {
  const version = headers['mcp-protocol-version'];
  return typeof version === 'string' && isModernRevision(version);
}

/** Whether a POST is of the modern era: its message says so, or, where that says nothing, its header. */
export function isModernPost(req: IncomingMessage, message: Message): boolean {
  return message.kind !== 'response' && (claimsEnvelope(message.params) || namesModernRevision(req));
}

/** `/mcp` for revision 2026-07-28: every POST stands alone. */
export class StatelessHttp {
  readonly #patient: TransportContext;
  readonly #streaming: TransportContext;

  constructor(private readonly context: TransportContext) {
    const { settings } = context;
    this.#patient = { ...context, silence: new Deadlines(settings.streamAfter * PATIENCE) };
    this.#streaming = { ...context, settings: { ...settings, jsonResponse: false } };
  }

  /** Always answers. */
  post(req: IncomingMessage, res: ServerResponse, message: Message): void {
    if (message.kind !== 'request') {
      sendAccepted(res); // clients of this revision have nothing to notify: they cancel by closing
      return;
    }
    try {
      checkStandardHeaders(req.headers, message, readEnvelope(message.params));
      if (REMOVED.has(message.method)) {
        throw new HearthError('method_not_found', `Method not found: ${message.method} is not part of revision 2026-07-28.`);
      }
      if (message.method === 'tools/call') {
        const name = String(message.params?.name);
        const isHidden = principalAt(this.context, req)?.mayCall(name) === false;
        checkParamHeaders(req.headers, isHidden ? undefined : this.context.router.tool(name), message.params?.arguments);
      }
      this.#answer(req, res, message);
    } catch (error) {
      sendError(res, asHearthError(error), {}, message.id);
    }
  }

  #answer(req: IncomingMessage, res: ServerResponse, message: RequestMessage): void {
    const { router, stateless } = this.context;
    const origin = originOf(req, this.context);
    const isListen = message.method === 'subscriptions/listen';
    let onDone = (): void => {};
    const post = new PostExchange(isListen ? this.#streaming : this.#patient, res, {
      id: message.id,
      headers: {},
      statusOf,
      divert: () => {}, // there is no other stream
      onDone: () => onDone(),
    });
    try {
      onDone = isListen ? stateless.listen(router, message, origin, post) : stateless.call(router, message, origin, post);
    } catch (error) {
      post.fail(message.id, asHearthError(error));
    }
  }
}
