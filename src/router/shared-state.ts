import { errorReply, HearthError } from '../errors.js';
import { type JsonObject, objectOf, type RequestMessage, type ResponseMessage, stringOf } from '../protocol/message.js';
import type { Link } from './link.js';
import type { Rewrites } from './pending.js';
import type { Caller } from './router.js';
import { Tasks } from './tasks.js';

export interface Effect {
  /** Set when the request needs nothing from the server. */
  readonly answer?: string;
  readonly message: RequestMessage;
  readonly rewrites: Rewrites | undefined;
}

/**
 * State that a server keeps once but each session sees as its own: subscriptions are counted, and the most
 * verbose log level goes to the server (routing rule 4), tasks are seen by their owners only. What changes nothing
 * upstream is answered here.
 */
export function answerLocally(link: Link, caller: Caller, message: RequestMessage, rewrites?: Rewrites): Effect {
  switch (message.method) {
    case 'resources/subscribe':
      return subscribe(link, caller, message, rewrites);
    case 'resources/unsubscribe':
      return unsubscribe(link, caller, message, rewrites);
    case 'logging/setLevel':
      return setLevel(link, caller, message);
    case 'tools/call':
      return Tasks.isAugmented(message) && !link.isModern ? makeTask(link, caller, message, rewrites) : { message, rewrites };
    case 'tasks/get':
    case 'tasks/result':
    case 'tasks/cancel':
    case 'tasks/list':
      return link.isModern ? { message, rewrites } : ofTask(link, caller, message, rewrites);
    default:
      return { message, rewrites };
  }
}

/** Tasks of 2025-11-25 belong to a session, which requests of the modern era have not; that has tasks of its own kind. */
function makeTask(link: Link, caller: Caller, message: RequestMessage, rewrites?: Rewrites): Effect {
  if (caller.era === 'modern')
    return refused(message, new HearthError('invalid_params', 'Invalid params: this server has tasks of 2025-11-25 only.'));
  return { message, rewrites: { ...rewrites, onResult: (answer) => link.tasks.created(caller, answer) } };
}

function ofTask(link: Link, caller: Caller, message: RequestMessage, rewrites?: Rewrites): Effect {
  const { method } = message;
  if (caller.era === 'modern')
    return refused(message, new HearthError('method_not_found', `Method not found: ${method} (this server has tasks of 2025-11-25 only).`));
  if (method === 'tasks/list') return { message, rewrites: { ...rewrites, result: (answer) => ownTasks(link, caller, answer) } };
  const refusal = link.tasks.refusal(caller, message);
  return refusal ? refused(message, refusal) : { message, rewrites };
}

function ownTasks(link: Link, caller: Caller, answer: ResponseMessage): ResponseMessage {
  const body: JsonObject = { ...answer.body, result: link.tasks.own(caller, objectOf(answer.body.result) ?? {}) };
  return { ...answer, body, raw: JSON.stringify(body) };
}

function subscribe(link: Link, caller: Caller, message: RequestMessage, rewrites?: Rewrites): Effect {
  const shownAs = stringOf(message.params?.uri) ?? '';
  const uri = upstreamUri(shownAs, rewrites);
  if (link.subscribe(uri, caller, shownAs)) return { answer: empty(message), message, rewrites };
  return { message, rewrites: { ...rewrites, onResult: () => link.subscriptions.add(uri, caller, shownAs) } };
}

function unsubscribe(link: Link, caller: Caller, message: RequestMessage, rewrites?: Rewrites): Effect {
  const uri = upstreamUri(stringOf(message.params?.uri) ?? '', rewrites);
  if (link.unsubscribe(uri, caller)) return { answer: empty(message), message, rewrites };
  return { message, rewrites };
}

function setLevel(link: Link, caller: Caller, message: RequestMessage): Effect {
  const effect = link.setLevel(caller, message.params?.level);
  if (effect === 'unknown') {
    return refused(message, new HearthError('invalid_params', `Invalid params: unknown log level ${JSON.stringify(message.params?.level)}.`));
  }
  if (effect === 'same') return { answer: empty(message), message, rewrites: undefined };
  return { message, rewrites: { request: [{ path: ['params', 'level'], json: JSON.stringify(link.levels.mostVerbose()) }] } };
}

function upstreamUri(shown: string, rewrites?: Rewrites): string {
  const replaced = rewrites?.request?.find(({ path }) => path.at(-1) === 'uri');
  return replaced ? (JSON.parse(replaced.json) as string) : shown;
}

function refused(message: RequestMessage, error: HearthError): Effect {
  return { answer: errorReply(message.id, error), message, rewrites: undefined };
}

function empty(message: RequestMessage): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{}}`;
}
