import { errorReply, HearthError } from '../errors.js';
import { type JsonObject, objectOf, parseMessage } from '../protocol/message.js';

/**
 * What a client gets in place of a message that is too large for it: some clients drop their whole session over one large
 * event (LiteLLM does at 1 MiB). A tool's result becomes one that says so, which a model can act on; a notification is lost.
 *
 * @param limit of the client, in bytes
 * @returns undefined where nothing can be sent in its place
 */
export function insteadOfLarge(raw: string, limit: number): string | undefined {
  const message = parseMessage(raw);
  if (message.kind !== 'response') return undefined;
  const text = `The answer of ${Buffer.byteLength(raw)} bytes is larger than this client takes in one event (${limit} bytes, --max-event-size). Ask for less, for instance a part of it.`;
  const isToolResult = Array.isArray(objectOf(message.body.result)?.content);
  if (!isToolResult) return errorReply(message.id, new HearthError('too_large', text));
  const reply: JsonObject = { jsonrpc: '2.0', id: message.id, result: { content: [{ type: 'text', text }], isError: true } };
  return JSON.stringify(reply);
}
