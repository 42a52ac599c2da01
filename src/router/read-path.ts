import type { ReadCache } from '../admission/read-cache.js';
import { isObject, type JsonObject, objectOf, type RequestMessage } from '../protocol/message.js';
import { memberSpan, skipSpace } from '../protocol/scan.js';
import { tokenOf } from './child-requests.js';
import type { Exchange } from './router.js';

/** A call that may share an answer. */
export interface SharableCall {
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
    return annotationsOf(name).readOnlyHint === true ? `${name} ${canonical(message.params?.arguments)}` : undefined;
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

  /** Makes the call: its answer also goes to those who join, and into the cache. */
  #lead(key: string, call: SharableCall, followers: SharableCall[]): void {
    if (this.cache.settings.coalesce) this.#inFlight.set(key, followers);
    const { exchange } = call;
    const finish = (): SharableCall[] => {
      this.#inFlight.delete(key);
      return followers;
    };
    call.make({
      reply: (raw) => {
        const result = resultOf(raw);
        if (result !== undefined) this.cache.set(key, result);
        exchange.reply(raw);
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

function resultReply({ id }: RequestMessage, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
}

/** JSON with sorted keys, so that equal arguments are equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
