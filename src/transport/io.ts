import type { IncomingMessage, ServerResponse } from 'node:http';
import { asHearthError, type ErrorCode, errorReply, HearthError } from '../errors.js';
import { encodingOf } from '../protocol/encoding.js';
import { sizeOf } from '../protocol/large.js';
import type { Id } from '../protocol/message.js';
import { correlated } from '../telemetry/correlation.js';

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true });
const RETRY_AFTER_SECONDS = '1';

/** Gets the body of a request, or why there is none. Called once. */
export type OnBody = (error: HearthError | undefined, raw: string) => void;

/**
 * Reads a request body as text. Without a promise, which would cost more than a small body does.
 * @param limit largest body, in bytes
 * @param use errors are `too_large`, `unsupported_media` (encoded body), `parse` (not UTF-8), `client_gone`
 */
export function readBody(req: IncomingMessage, limit: number, use: OnBody): void {
  // Events of streams come in a context of their own.
  const onBody: OnBody = (error, raw) => correlated(req, () => use(error, raw));
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    onBody(new HearthError('unsupported_media', `Content-Encoding "${encoding}" is not supported; send the body as it is.`), '');
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  let isOver = false;
  const refuse = (code: ErrorCode, message: string): void => {
    if (isOver) return;
    isOver = true;
    chunks.length = 0;
    onBody(new HearthError(code, message), '');
  };
  // Past the limit the rest is read and thrown away, so that the client gets to see the answer.
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) refuse('too_large', `The message is larger than the limit of ${limit} bytes (--max-message-size).`);
    else chunks.push(chunk);
  });
  req.on('end', () => {
    if (isOver) return;
    isOver = true;
    decode(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks), onBody);
  });
  req.on('close', () => refuse('client_gone', 'The client left before its message was complete.'));
}

function decode(bytes: Buffer, onBody: OnBody): void {
  let text: string;
  try {
    text = STRICT_UTF8.decode(bytes);
  } catch {
    onBody(new HearthError('parse', 'Parse error: the body is not valid UTF-8.'), '');
    return;
  }
  onBody(undefined, text);
}

/** @throws HearthError `unsupported_media` unless the body is declared as JSON */
export function requireJson(req: IncomingMessage): void {
  const given = req.headers['content-type'];
  const type = given === 'application/json' ? given : given?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new HearthError('unsupported_media', 'Content-Type must be application/json.');
}

/** @throws HearthError `not_acceptable` unless every one of the media types is acceptable to the client */
export function requireAccept(req: IncomingMessage, types: readonly string[]): void {
  const accepted = (req.headers.accept ?? '').toLowerCase();
  const accepts = (type: string): boolean =>
    accepted.includes(type) || accepted.includes('*/*') || accepted.includes(`${type.slice(0, type.indexOf('/'))}/*`);
  if (!types.every(accepts)) throw new HearthError('not_acceptable', `Accept must include ${types.join(' and ')}.`);
}

/** Runs parts of an answer: what they throw is the answer. */
export function refusing(res: ServerResponse): (part: () => void) => void {
  return (part) => {
    try {
      part();
    } catch (error) {
      sendError(res, asHearthError(error));
    }
  };
}

/** Answers with an HTTP error whose body is a JSON-RPC error, readable for people and clients alike. */
export function sendError(res: ServerResponse, error: HearthError, headers: Record<string, string> = {}, id: Id | null = null): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const retry = (error.http === 503 || error.http === 429) && !res.hasHeader('Retry-After') ? { 'Retry-After': RETRY_AFTER_SECONDS } : {};
  sendJson(res, error.http, errorReply(id, error), { ...retry, ...headers });
}

/** Accepts a message, without saying anything of it. The length is said, or it would be a chunked body in several writes. */
export function sendAccepted(res: ServerResponse, headers: Record<string, string> = {}): void {
  res.writeHead(202, { 'Content-Length': 0, ...headers }).end();
}

/** @param body text, or a large one in parts */
export function sendJson(res: ServerResponse, status: number, body: string | readonly Buffer[], headers: Record<string, string> = {}): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : sizeOf(body);
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': length, ...headers });
  if (typeof body === 'string') {
    res.end(body, encodingOf(body, length));
    return;
  }
  for (const part of body) res.write(part);
  res.end();
}

/** @param allow methods that the resource has */
export function refuseMethod(res: ServerResponse, allow: string): void {
  sendError(res, new HearthError('method_not_allowed', `This method is not allowed here; allowed: ${allow}.`), { Allow: allow });
}
