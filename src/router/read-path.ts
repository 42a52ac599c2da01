import type { ReadCache } from '../admission/read-cache.js';
import { isObject, type JsonObject, type NotificationMessage, objectOf, type RequestMessage } from '../protocol/message.js';
import { memberSpan, skipSpace } from '../protocol/scan.js';
import { memberText } from '../protocol/splice.js';
import { tokenOf } from './child-requests.js';
import type { Caller, Exchange } from './router.js';

/** A call that may share an answer. */
export interface SharableCall {
  readonly caller: Caller;
  readonly message: RequestMessage;
  readonly exchange: Exchange;
  /** Sends the request upstream with the given way back. */
  make(exchange: Exchange): void;
}

/**
 * Identical read-only calls share one answer, from the cache or from a call that is already on its way. Only for tools
 * that their server annotates as read-only, and only when the config asks for it.
 */
export class ReadPath {
  readonly #inFlight = new Map<string, SharableCall[]>();

  constructor(private readonly cache: ReadCache) {}

  /** The key of a call that may share an answer; undefined for every other request. */
  keyOf(message: RequestMessage, name: string | undefined, annotationsOf: (tool: string) => JsonObject): string | undefined {
    if (!this.cache.enabled || name === undefined || tokenOf(message.params) !== undefined) return undefined;
    if (annotationsOf(name).readOnlyHint !== true) return undefined;
    const { name: _shown, arguments: args, _meta, ...others } = message.params ?? {};
    if (Object.keys(others).length > 0) return undefined; // a task, say: its answer is not the tool's
    const text = canonical(args);
    return text === undefined ? undefined : `${name} ${text}`;
  }

  /** Answers from the cache, or joins a call in flight, or makes the call. */
  run(key: string, call: SharableCall): void {
    const known = this.cache.get(key);
    const waiting = this.#inFlight.get(key);
    if (known !== undefined) {
      call.exchange.reply(resultReply(call.message, known));
    } else if (waiting) {
      this.cache.countShared();
      waiting.push(call);
    } else {
      this.#lead(key, call, []);
    }
  }

  /** The client took a call back that waits for another's answer. True if it was found here. */
  cancel(caller: Caller, { params }: NotificationMessage): boolean {
    const mine = this.#waitingOf(caller).filter(({ call }) => call.message.id === params?.requestId);
    const [found] = mine;
    if (!found || mine.length > 1) return false;
    found.leave();
    return true;
  }

  /** The session has ended: it waits no more, and never makes a call in another's place. */
  release(caller: Caller): void {
    for (const { leave } of this.#waitingOf(caller)) leave();
  }

  /** Whether the session waits for another's answer. */
  isBusy(caller: Caller): boolean {
    return this.#waitingOf(caller).length > 0;
  }

  #waitingOf(caller: Caller): Array<{ call: SharableCall; leave: () => void }> {
    return [...this.#inFlight.values()].flatMap((followers) =>
      followers
        .filter((call) => call.caller === caller)
        .map((call) => ({
          call,
          leave: () => {
            followers.splice(followers.indexOf(call), 1);
            call.exchange.end();
          },
        })),
    );
  }

  /** Makes the call: its answer also goes to those who join, and into the cache. */
  #lead(key: string, call: SharableCall, followers: SharableCall[]): void {
    if (this.cache.settings.coalesce) this.#inFlight.set(key, followers);
    const { exchange } = call;
    const finish = (): SharableCall[] => {
      this.#inFlight.delete(key);
      return followers;
    };
    call.make({
      reply: (raw, bytes) => {
        const result = resultOf(raw);
        if (result !== undefined) this.cache.set(key, result);
        exchange.reply(raw, bytes);
        for (const follower of finish()) {
          if (result === undefined) follower.make(follower.exchange);
          else follower.exchange.reply(resultReply(follower.message, result));
        }
      },
      fail: (id, error) => {
        exchange.fail(id, error);
        for (const follower of finish()) follower.exchange.fail(follower.message.id, error);
      },
      send: (raw) => exchange.send(raw),
      end: () => {
        exchange.end();
        // Whoever made the call took it back or left; the next one makes it again.
        const [next, ...rest] = finish();
        if (next) this.#lead(key, next, rest);
      },
    });
  }
}

/** The text of a good result; errors, also those of tools, are not shared. */
function resultOf(raw: string): string | undefined {
  const span = memberSpan(raw, skipSpace(raw, 0), 'result');
  if (span === undefined || span === 'ambiguous') return undefined;
  const text = raw.slice(span.start, span.end);
  return objectOf(JSON.parse(text))?.isError === true ? undefined : text;
}

function resultReply({ raw, body }: RequestMessage, result: string): string {
  return `{"jsonrpc":"2.0","id":${memberText(raw, body, 'id')},"result":${result}}`;
}

/** JSON with sorted keys, so that equal arguments are equal text; undefined where parsing has rounded a number. */
function canonical(value: unknown): string | undefined {
  let rounded = false;
  const text = JSON.stringify(value ?? {}, (_key, inner: unknown) => {
    if (typeof inner === 'number' && Math.abs(inner) > Number.MAX_SAFE_INTEGER) rounded = true;
    return isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner;
  });
  return rounded ? undefined : text;
}
