import { errorReply, HearthError } from '../errors.js';
import { type RequestMessage, stringOf } from '../protocol/message.js';
import type { Link } from './link.js';
import type { Rewrites } from './pending.js';
import type { Caller } from './router.js';

export interface Effect {
  /** Set when the request needs nothing from the server. */
  readonly answer?: string;
  readonly message: RequestMessage;
  readonly rewrites: Rewrites | undefined;
}

/**
 * State that a server keeps once but each session sees as its own: subscriptions are counted, and the most
 * verbose log level goes to the server (routing rule 4). What changes nothing upstream is answered here.
 */
export function answerLocally(link: Link, caller: Caller, message: RequestMessage, rewrites?: Rewrites): Effect {
  switch (message.method) {
    case 'resources/subscribe':
      return subscribe(link, caller, message, rewrites);
    case 'resources/unsubscribe':
      return unsubscribe(link, caller, message, rewrites);
    case 'logging/setLevel':
      return setLevel(link, caller, message);
    default:
      return { message, rewrites };
  }
}

function subscribe(link: Link, caller: Caller, message: RequestMessage, rewrites?: Rewrites): Effect {
  const shownAs = stringOf(message.params?.uri) ?? '';
  const uri = upstreamUri(shownAs, rewrites);
  if (link.subscriptions.has(uri)) {
    link.subscriptions.add(uri, caller, shownAs);
    return { answer: empty(message), message, rewrites };
  }
  return { message, rewrites: { ...rewrites, onResult: () => link.subscriptions.add(uri, caller, shownAs) } };
}

function unsubscribe(link: Link, caller: Caller, message: RequestMessage, rewrites?: Rewrites): Effect {
  const uri = upstreamUri(stringOf(message.params?.uri) ?? '', rewrites);
  if (link.subscriptions.has(uri) && !link.subscriptions.remove(uri, caller)) return { answer: empty(message), message, rewrites };
  return { message, rewrites };
}

function setLevel(link: Link, caller: Caller, message: RequestMessage): Effect {
  const before = link.levels.mostVerbose();
  if (!link.levels.set(caller, message.params?.level)) {
    const error = new HearthError('invalid_params', `Invalid params: unknown log level ${JSON.stringify(message.params?.level)}.`);
    return { answer: errorReply(message.id, error), message, rewrites: undefined };
  }
  const level = link.levels.mostVerbose();
  if (level === before) return { answer: empty(message), message, rewrites: undefined };
  return { message, rewrites: { request: [{ path: ['params', 'level'], json: JSON.stringify(level) }] } };
}

function upstreamUri(shown: string, rewrites?: Rewrites): string {
  const replaced = rewrites?.request?.find(({ path }) => path.at(-1) === 'uri');
  return replaced ? (JSON.parse(replaced.json) as string) : shown;
}

function empty(message: RequestMessage): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{}}`;
}
