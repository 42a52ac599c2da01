import type { IncomingMessage, ServerResponse } from 'node:http';
import { asHearthError, errorReply, HearthError } from '../errors.js';
import { type Batch, looksLikeBatch, parseBatch } from '../protocol/batch.js';
import type { Message, RequestMessage } from '../protocol/message.js';
import { memberText } from '../protocol/splice.js';
import { BATCH_VERSION, isHandshakeVersion } from '../protocol/versions.js';
import { NO_EXCHANGE } from '../router/router.js';
import { BatchExchange } from './batch-exchange.js';
import { type Found, HttpSessions } from './http-sessions.js';
import { readBody, refuseMethod, refusing, requireAccept, requireJson, sendAccepted, sendError } from './io.js';
import { PostExchange } from './post-exchange.js';
import { isModernPost, namesModernRevision, StatelessHttp } from './stateless-http.js';
import { countMessage, parseFromClient, principalAt, refuseBatch, type TransportContext } from './transport.js';

/**
 * `/mcp`. Revisions 2025-03-26 to 2025-11-25: POST for messages, GET for the server's own, DELETE to end the session.
 * Messages of revision 2026-07-28, which are POSTs only, are handed on.
 */
export class StreamableHttp {
  readonly #sessions: HttpSessions;
  readonly #modern: StatelessHttp;

  constructor(private readonly context: TransportContext) {
    this.#sessions = new HttpSessions(context);
    this.#modern = new StatelessHttp(context);
  }

  /** Always answers. */
  handle(req: IncomingMessage, res: ServerResponse): void {
    const orRefuse = refusing(res);
    orRefuse(() => {
      if (req.method === 'POST') this.#post(req, res, orRefuse);
      else if (this.context.settings.stateless || namesModernRevision(req)) refuseMethod(res, 'POST');
      else if (req.method === 'GET') this.#get(req, res, orRefuse);
      else if (req.method === 'DELETE') void this.#delete(req, res).catch((error: unknown) => sendError(res, asHearthError(error)));
      else refuseMethod(res, 'GET, POST, DELETE');
    });
  }

  #post(req: IncomingMessage, res: ServerResponse, orRefuse: (part: () => void) => void): void {
    requireAccept(req, ['application/json', 'text/event-stream']);
    requireJson(req);
    readBody(req, this.context.settings.maxMessage, (error, raw) =>
      orRefuse(() => {
        if (error) throw error;
        if (looksLikeBatch(raw)) this.#onBatch(req, res, raw, orRefuse);
        else this.#onMessage(req, res, parseFromClient(raw, this.context.settings), orRefuse);
      }),
    );
  }

  #onMessage(req: IncomingMessage, res: ServerResponse, message: Message, orRefuse: (part: () => void) => void): void {
    const { settings, metrics } = this.context;
    if (isModernPost(req, message)) {
      countMessage(metrics, 'in', message.raw);
      this.#modern.post(req, res, message);
      return;
    }
    requireKnownVersion(req);
    const isNew = !settings.stateless && message.kind === 'request' && message.method === 'initialize' && !req.headers['mcp-session-id'];
    if (isNew || settings.stateless) {
      countMessage(metrics, 'in', message.raw);
      if (isNew) this.#open(message, res);
      else this.#receiveAlone(message, res);
      return;
    }
    this.#sessions.find(req, orRefuse, (found) => {
      countMessage(metrics, 'in', message.raw);
      this.#receive(found, message, res);
    });
  }

  /** A new session; if the handshake fails it was none. */
  #open(message: RequestMessage, res: ServerResponse): void {
    const opened = this.#sessions.open(res.req, message.params ?? {});
    const { session } = opened;
    // A client that left before the answer never learns the id, so nobody could end that session.
    this.#receive(opened, message, res, () => {
      if (!session.initialized) this.context.sessions.close(session, 'failed');
    });
  }

  /** Stateless mode: a session that lasts for one POST and is never named. */
  #receiveAlone(message: Message, res: ServerResponse): void {
    const opened = this.#sessions.openAlone(res.req);
    const end = (): void => this.context.sessions.close(opened.session, 'completed');
    this.#receive(opened, message, res, end);
    if (message.kind !== 'request') end();
  }

  #receive({ session, sink, headers }: Found, message: Message, res: ServerResponse, onDone?: () => void): void {
    const principal = principalAt(this.context, res.req);
    if (message.kind !== 'request') {
      sendAccepted(res, headers);
      session.receive(message, NO_EXCHANGE, principal);
      return;
    }
    const idText = (): string => memberText(message.raw, message.body, 'id');
    const post: PostExchange = new PostExchange(this.context, res, {
      id: message.id,
      idText,
      headers,
      openChannel: (onLost) => sink.postChannel(res, headers, [idText()], onLost),
      divert: (raw) => sink.send(raw),
      onDone: () => {
        sink.removePost(post);
        onDone?.();
      },
    });
    sink.addPost(post);
    session.receive(message, post, principal);
  }

  /** Batches belong to revision 2025-03-26 alone. */
  #onBatch(req: IncomingMessage, res: ServerResponse, raw: string, orRefuse: (part: () => void) => void): void {
    requireKnownVersion(req);
    const { settings } = this.context;
    const batch = parseBatch(raw, settings.maxBatch, (text) => parseFromClient(text, settings));
    if (settings.stateless) this.#receiveBatch(req, res, batch, undefined);
    else this.#sessions.find(req, orRefuse, (found) => this.#receiveBatch(req, res, batch, found));
  }

  #receiveBatch(req: IncomingMessage, res: ServerResponse, batch: Batch, known: Found | undefined): void {
    const { sessions, metrics } = this.context;
    const version = known ? known.session.protocolVersion : (req.headers['mcp-protocol-version'] ?? BATCH_VERSION);
    if (version !== BATCH_VERSION) throw refuseBatch();
    const { session, sink, headers } = known ?? this.#sessions.openAlone(req);
    for (const message of batch.messages) countMessage(metrics, 'in', message.raw);
    const errors = batch.errors.map((error) => errorReply(null, error));
    const onDone = known ? () => {} : () => sessions.close(session, 'completed');
    const principal = principalAt(this.context, req);
    new BatchExchange(this.context, res, { messages: batch.messages, errors, headers, sink, onDone }).start((message, exchange) =>
      session.receive(message, exchange, principal),
    );
  }

  #get(req: IncomingMessage, res: ServerResponse, orRefuse: (part: () => void) => void): void {
    requireKnownVersion(req);
    requireAccept(req, ['text/event-stream']);
    const last = req.headers['last-event-id'];
    this.#sessions.find(req, orRefuse, ({ sink, headers }) => {
      if (last === undefined) sink.addStream(res, headers);
      else sink.resume(res, headers, last);
    });
  }

  async #delete(req: IncomingMessage, res: ServerResponse): Promise<void> {
    requireKnownVersion(req);
    await this.#sessions.end(req);
    res.writeHead(200, { 'Content-Length': 0 }).end();
  }
}

/** 2025-06-18, transports: an unsupported MCP-Protocol-Version header is answered with 400; none means 2025-03-26. */
function requireKnownVersion(req: IncomingMessage): void {
  const version = req.headers['mcp-protocol-version'];
  if (version === undefined || (typeof version === 'string' && isHandshakeVersion(version))) return;
  throw new HearthError('invalid_request', `Bad request: MCP-Protocol-Version "${String(version).slice(0, 40)}" is not supported.`);
}
