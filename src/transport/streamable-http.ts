import type { IncomingMessage, ServerResponse } from 'node:http';
import { asHearthError, HearthError } from '../errors.js';
import { type Message, parseMessage } from '../protocol/message.js';
import { isHandshakeVersion } from '../protocol/versions.js';
import type { Session } from '../session/session.js';
import { HttpSink } from './http-sink.js';
import { readBody, refuseMethod, requireAccept, requireJson, sendError } from './io.js';
import { PostExchange } from './post-exchange.js';
import { countMessage, originOf, type TransportContext } from './transport.js';

const SESSION_HEADER = 'Mcp-Session-Id';

interface Found {
  readonly session: Session;
  readonly sink: HttpSink;
}

/** `/mcp` for revisions 2025-03-26 to 2025-11-25: POST for messages, GET for the server's own, DELETE to end the session. */
export class StreamableHttp {
  readonly #sinks = new WeakMap<Session, HttpSink>();

  constructor(private readonly context: TransportContext) {}

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      requireKnownVersion(req);
      if (req.method === 'POST') await this.#post(req, res);
      else if (this.context.settings.stateless) refuseMethod(res, 'POST');
      else if (req.method === 'GET') this.#get(req, res);
      else if (req.method === 'DELETE') this.#delete(req, res);
      else refuseMethod(res, 'GET, POST, DELETE');
    } catch (error) {
      sendError(res, asHearthError(error));
    }
  }

  async #post(req: IncomingMessage, res: ServerResponse): Promise<void> {
    requireAccept(req, ['application/json', 'text/event-stream']);
    requireJson(req);
    const raw = await readBody(req, this.context.settings.maxMessage);
    const message = parseMessage(raw);
    const isInitialize = message.kind === 'request' && message.method === 'initialize';
    const known = this.context.settings.stateless || (isInitialize && !req.headers['mcp-session-id']) ? undefined : this.#find(req);
    countMessage(this.context.metrics, 'in', raw);
    if (known) this.#receive(known, message, res, { [SESSION_HEADER]: known.session.id });
    else if (this.context.settings.stateless) this.#receiveAlone(message, res);
    else this.#open(message, res);
  }

  /** A new session; if the handshake fails it was none. */
  #open(message: Message, res: ServerResponse): void {
    const opened = this.#newSession('streamable-http', res);
    const { session } = opened;
    // A client that left before the answer never learns the id, so nobody could end that session.
    this.#receive(opened, message, res, { [SESSION_HEADER]: session.id }, () => {
      if (!session.initialized) this.context.sessions.close(session, 'failed');
    });
  }

  /** Stateless mode: a session that lasts for one POST and is never named. */
  #receiveAlone(message: Message, res: ServerResponse): void {
    const opened = this.#newSession('stateless', res);
    const end = (): void => this.context.sessions.close(opened.session, 'completed');
    this.#receive(opened, message, res, {}, end);
    if (message.kind !== 'request') end();
  }

  #newSession(transport: 'streamable-http' | 'stateless', res: ServerResponse): Found {
    const sink = new HttpSink(this.context, () => this.context.sessions.close(session, 'too_slow'));
    const session: Session = this.context.sessions.open(transport, this.context.router, sink, originOf(res.req, this.context.settings));
    this.#sinks.set(session, sink);
    return { session, sink };
  }

  #receive({ session, sink }: Found, message: Message, res: ServerResponse, headers: Record<string, string>, onDone?: () => void): void {
    if (message.kind !== 'request') {
      res.writeHead(202, headers).end();
      session.receive(message, NO_EXCHANGE);
      return;
    }
    const post: PostExchange = new PostExchange(this.context, res, {
      id: message.id,
      headers,
      divert: (raw) => sink.send(raw),
      onDone: () => {
        sink.removePost(post);
        onDone?.();
      },
    });
    sink.addPost(post);
    session.receive(message, post);
  }

  #get(req: IncomingMessage, res: ServerResponse): void {
    requireAccept(req, ['text/event-stream']);
    const { session, sink } = this.#find(req);
    sink.addStream(res, { [SESSION_HEADER]: session.id });
  }

  #delete(req: IncomingMessage, res: ServerResponse): void {
    this.context.sessions.close(this.#find(req).session, 'deleted');
    res.writeHead(200).end();
  }

  #find(req: IncomingMessage): Found {
    const id = req.headers['mcp-session-id'];
    if (typeof id !== 'string') throw new HearthError('invalid_request', `The ${SESSION_HEADER} header is missing; send initialize first.`);
    const session = this.context.sessions.find(id, this.context.router, 'streamable-http');
    // A wrapper's one router serves two endpoints, but a session belongs to the one it was opened at.
    const sink = session && this.#sinks.get(session);
    if (!sink) throw new HearthError('session_not_found', 'Session not found: it is unknown or has ended; send initialize again.');
    return { session, sink };
  }
}

const NO_EXCHANGE = { reply: () => {}, fail: () => {}, send: () => {}, end: () => {} };

/** 2025-06-18, transports: an unsupported MCP-Protocol-Version header is answered with 400; none means 2025-03-26. */
function requireKnownVersion(req: IncomingMessage): void {
  const version = req.headers['mcp-protocol-version'];
  if (version === undefined || (typeof version === 'string' && isHandshakeVersion(version))) return;
  throw new HearthError('invalid_request', `Bad request: MCP-Protocol-Version "${String(version).slice(0, 40)}" is not supported.`);
}
