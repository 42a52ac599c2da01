import { HearthError } from '../errors.js';

/** A JSON-RPC request id. `1` and `"1"` are different ids (JSON-RPC 2.0 section 4). */
export type Id = string | number;
export type JsonObject = Record<string, unknown>;

/** One parsed envelope. `raw` is the text as it came: it is forwarded, not re-serialised. */
export interface RequestMessage {
  readonly kind: 'request';
  readonly raw: string;
  readonly body: JsonObject;
  readonly id: Id;
  readonly method: string;
  readonly params: JsonObject | undefined;
}
export interface NotificationMessage {
  readonly kind: 'notification';
  readonly raw: string;
  readonly body: JsonObject;
  readonly method: string;
  readonly params: JsonObject | undefined;
}
export interface ResponseMessage {
  readonly kind: 'response';
  readonly raw: string;
  readonly body: JsonObject;
  /** null: the sender could not tell which request it answers. */
  readonly id: Id | null;
}
export type Message = RequestMessage | NotificationMessage | ResponseMessage;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as an object, or undefined. */
export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** The value as a string, or undefined. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/**
 * Parses one JSON-RPC 2.0 envelope.
 * @throws HearthError `parse` (not JSON) or `invalid_request` (JSON, but not a JSON-RPC 2.0 message)
 */
export function parseMessage(raw: string): Message {
  return classify(raw, parseJson(raw));
}

/** @throws HearthError `parse` */
export function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    throw new HearthError('parse', 'Parse error: the message is not valid JSON.');
  }
}

function classify(raw: string, body: unknown): Message {
  if (Array.isArray(body)) throw invalid('batches are not supported by this protocol revision; send one message at a time');
  if (!isObject(body)) throw invalid('a message is a JSON object');
  if (body.jsonrpc !== '2.0') throw invalid('"jsonrpc" must be "2.0"');
  const { id, method, params } = body;
  if (method === undefined) return response(raw, body);
  if (typeof method !== 'string') throw invalid('"method" must be a string');
  if (params !== undefined && params !== null && !isObject(params)) throw invalid('"params" must be an object');
  if (!Object.hasOwn(body, 'id')) return { kind: 'notification', raw, body, method, params: objectOf(params) };
  if (!isId(id)) throw invalid('"id" must be a string or a number');
  return { kind: 'request', raw, body, id, method, params: objectOf(params) };
}

function response(raw: string, body: JsonObject): ResponseMessage {
  const hasResult = Object.hasOwn(body, 'result');
  if (hasResult === Object.hasOwn(body, 'error')) throw invalid('a message has a "method", or either a "result" or an "error"');
  if (!hasResult && body.id === null) return { kind: 'response', raw, body, id: null };
  if (!isId(body.id)) throw invalid('a response has the "id" of its request');
  return { kind: 'response', raw, body, id: body.id };
}

function isId(value: unknown): value is Id {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}

function invalid(what: string): HearthError {
  return new HearthError('invalid_request', `Invalid request: ${what}.`);
}
