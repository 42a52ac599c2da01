import { asHearthError, HearthError } from '../errors.js';
import { type Message, parseJson, parseMessage } from './message.js';
import { elementSpans, skipSpace } from './scan.js';

/** A batch of revision 2025-03-26: its messages, and what is wrong with the elements that are none. */
export interface Batch {
  readonly messages: readonly Message[];
  readonly errors: readonly HearthError[];
}

/** Whether a text can only be a batch. */
export function looksLikeBatch(raw: string): boolean {
  return raw[skipSpace(raw, 0)] === '[';
}

/**
 * Parses a batch. Every message keeps its own text, byte for byte.
 * @param limit most elements
 * @param parse parses one of them
 * @throws HearthError `parse`, or `invalid_request` for a batch that is empty, too long, or has `initialize` in it
 */
export function parseBatch(raw: string, limit: number, parse: (raw: string) => Message = parseMessage): Batch {
  const body = parseJson(raw) as unknown[]; // it begins as an array does
  if (body.length === 0) throw invalid('a batch has at least one message');
  if (body.length > limit) throw invalid(`the batch has ${body.length} messages; the limit is ${limit} (limits.batch)`);
  const messages: Message[] = [];
  const errors: HearthError[] = [];
  for (const { start, end } of elementSpans(raw, skipSpace(raw, 0))) {
    try {
      messages.push(parse(raw.slice(start, end)));
    } catch (error) {
      errors.push(asHearthError(error));
    }
  }
  if (messages.some((message) => message.kind === 'request' && message.method === 'initialize')) {
    throw invalid('initialize must not be part of a batch');
  }
  return { messages, errors };
}

function invalid(what: string): HearthError {
  return new HearthError('invalid_request', `Invalid request: ${what}.`);
}
