import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorReply, HearthError } from '../errors.js';
import type { Id } from '../protocol/message.js';

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true });
const RETRY_AFTER_SECONDS = '1';

/**
 * Reads a request body as text.
 * @param limit largest body, in bytes
 * @throws HearthError `too_large`, `unsupported_media` (encoded body), `parse` (not UTF-8), `client_gone`
 */
export async function readBody(req: IncomingMessage, limit: number): Promise<string> {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new HearthError('unsupported_media', `Content-Encoding "${encoding}" is not supported; send the body as it is.`);
  }
  return decode(await collect(req, limit));
}

/** Past the limit the rest is read and thrown away, so that the client gets to see the answer. */
function collect(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else refuse(new HearthError('too_large', `The message is larger than the limit of ${limit} bytes (--max-message-size).`));
    };
    const refuse = (error: HearthError): void => {
      req.off('data', onData).resume();
      reject(error);
    };
    req.on('data', onData);
    req.once('end', () => resolve(Buffer.concat(chunks)));
    req.once('close', () => {
      if (!req.complete) refuse(new HearthError('client_gone', 'The client left before its message was complete.'));
    });
    req.once('error', () => {});
  });
}

function decode(bytes: Buffer): string {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    throw new HearthError('parse', 'Parse error: the body is not valid UTF-8.');
  }
}

/** @throws HearthError `unsupported_media` unless the body is declared as JSON */
export function requireJson(req: IncomingMessage): void {
  const type = req.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new HearthError('unsupported_media', 'Content-Type must be application/json.');
}

/** @throws HearthError `not_acceptable` unless every one of the media types is acceptable to the client */
export function requireAccept(req: IncomingMessage, types: readonly string[]): void {
  const accepted = (req.headers.accept ?? '').toLowerCase();
  const missing = types.filter((type) => !accepted.includes(type) && !accepted.includes(`${type.split('/')[0]}/*`) && !accepted.includes('*/*'));
  if (missing.length > 0) throw new HearthError('not_acceptable', `Accept must include ${types.join(' and ')}.`);
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

export function sendJson(res: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers });
  res.end(body);
}

/** @param allow methods that the resource has */
export function refuseMethod(res: ServerResponse, allow: string): void {
  sendError(res, new HearthError('method_not_allowed', `This method is not allowed here; allowed: ${allow}.`), { Allow: allow });
}
