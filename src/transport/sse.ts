import type { IncomingMessage, ServerResponse } from 'node:http';
import { asHearthError, errorReply, HearthError } from '../errors.js';
import { type Batch, looksLikeBatch, parseBatch } from '../protocol/batch.js';
import { BATCH_VERSION } from '../protocol/versions.js';
import type { Exchange } from '../router/router.js';
import type { Session, Sink } from '../session/session.js';
import { EventWriter } from './event-writer.js';
import { readBody, refusing, requireAccept, requireJson, sendError } from './io.js';
import { countMessage, originOf, parseFromClient, principalAt, refuseBatch, type TransportContext, type TransportSettings } from './transport.js';

/** `GET /sse`: opens a session of revision 2024-11-05 (HTTP with SSE). Its stream carries everything; when it closes, the session ends. */
export function openSse(context: TransportContext, req: IncomingMessage, res: ServerResponse): void {
  const { sessions, metrics, prefix, router, settings } = context;
  let writer: EventWriter;
  let session: Session;
  const sink: Sink = {
    get open() {
      return writer.open;
    },
    send(raw, bytes) {
      countMessage(metrics, 'out', raw);
      writer.message(raw, undefined, bytes);
    },
    close: () => writer.end(),
  };
  try {
    if (req.headers.accept !== undefined) requireAccept(req, ['text/event-stream']);
    session = sessions.open('sse', router, sink, originOf(req, context));
  } catch (error) {
    sendError(res, asHearthError(error));
    return;
  }
  metrics.connections.inc({ transport: 'sse' });
  writer = new EventWriter(res, settings, {
    onClose: (tooSlow) => {
      metrics.connections.dec({ transport: 'sse' });
      sessions.close(session, tooSlow ? 'too_slow' : 'disconnected');
    },
  });
  // Relative, so that it works behind any host name (litellm.md rule 5), and at once.
  writer.event('endpoint', `${prefix}/messages?sessionId=${session.id}`);
}

/**
 * `POST /messages`: a message of an SSE session. It is accepted at once and everything that follows goes on the
 * stream: a client that waits for its stream would hang on an error status (litellm.md rule 3).
 */
export function postSse(context: TransportContext, req: IncomingMessage, res: ServerResponse, id: string | null): void {
  const orRefuse = refusing(res);
  orRefuse(() => {
    if (!id)
      throw new HearthError('invalid_request', 'The sessionId query parameter is missing; open GET /sse first and post to the endpoint it names.');
    requireJson(req);
    readBody(req, context.settings.maxMessage, (error, raw) =>
      orRefuse(() => {
        if (error) throw error;
        accept(context, req, res, id, raw);
      }),
    );
  });
}

/** What servers of this revision say; the length is said, or it would be a chunked body in several writes. */
const ACCEPTED = 'Accepted';
const ACCEPTED_HEADERS = { 'Content-Type': 'text/plain', 'Content-Length': ACCEPTED.length };

function accept(context: TransportContext, req: IncomingMessage, res: ServerResponse, id: string, raw: string): void {
  const { sessions, router, settings, metrics } = context;
  // After the body has come: the session may end in the meantime, and an ended one must not get another request.
  const principal = principalAt(context, req);
  const session = sessions.find(id, router, 'sse', principal);
  if (!session) throw new HearthError('session_not_found', 'This session is unknown or has ended; open GET /sse again.');
  const { messages, errors } = looksLikeBatch(raw) ? batchOf(raw, session, settings) : { messages: [parseFromClient(raw, settings)], errors: [] };
  for (const message of messages) countMessage(metrics, 'in', message.raw);
  res.writeHead(202, ACCEPTED_HEADERS).end(ACCEPTED);
  for (const error of errors) session.send(errorReply(null, error));
  for (const message of messages) session.receive(message, exchangeOf(session), principal);
}

/** @throws HearthError `invalid_request` for other revisions than the one with batches */
function batchOf(raw: string, session: Session, settings: TransportSettings): Batch {
  const batch = parseBatch(raw, settings.maxBatch, (text) => parseFromClient(text, settings));
  if (session.protocolVersion !== BATCH_VERSION) throw refuseBatch();
  return batch;
}

/** On SSE everything goes to the one stream. */
function exchangeOf(session: Session): Exchange {
  return {
    reply: (raw, bytes) => session.send(raw, bytes),
    fail: (id, error) => session.send(errorReply(id, error)),
    send: (raw) => session.send(raw),
    end: () => {},
  };
}
