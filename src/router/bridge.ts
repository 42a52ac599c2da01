import { HearthError } from '../errors.js';
import { withEnvelope } from '../protocol/envelope.js';
import { insertMembers } from '../protocol/insert.js';
import {
  type Id,
  isObject,
  type JsonObject,
  type NotificationMessage,
  objectOf,
  parseMessage,
  type RequestMessage,
  stringOf,
} from '../protocol/message.js';
import { resultTypeOf, toLegacy } from '../protocol/modern-result.js';
import { envelopeFrom } from '../supervisor/handshake.js';
import type { Calls } from './calls.js';
import type { Asker } from './child-requests.js';
import type { LogLevels } from './log-levels.js';
import type { Rewrites } from './pending.js';
import { questionOf, unmetCapability } from './questions.js';
import type { Caller, Exchange } from './router.js';

/** Rounds of questions that one request may take; a server that never stops asking is broken. */
const MAX_ROUNDS = 16;
/** Pause before a round without questions: the server only wants to be asked again. */
const PAUSE_MS = 250;

/** A request of a legacy client while it is being worked on. */
interface Bridged {
  readonly caller: Caller;
  readonly message: RequestMessage;
  readonly exchange: Exchange;
  readonly rewrites: Rewrites | undefined;
  rounds: number;
}

/**
 * Clients of the legacy era on a server of the modern one. Their requests get an envelope from what they said in
 * their handshake; what the server wants to know by an `input_required` result is put to them as the questions of
 * their era, and the request is made again with the answers (2026-07-28, multi round-trip requests).
 */
export class Bridge {
  /** Requests that wait for their client's answers, and how each is given up. */
  readonly #waiting = new Map<Bridged, () => void>();

  constructor(
    private readonly calls: Calls,
    private readonly levels: LogLevels,
  ) {}

  request(caller: Caller, message: RequestMessage, exchange: Exchange, rewrites?: Rewrites): void {
    this.#make({ caller, message, exchange, rewrites, rounds: 0 }, message);
  }

  /** The client took a request back that waits for its own answers. True if it was found here. */
  cancel(caller: Caller, { params }: NotificationMessage): boolean {
    const found = this.#of(caller).filter(({ message }) => message.id === params?.requestId);
    for (const call of found) this.#giveUp(call);
    return found.length > 0;
  }

  release(caller: Caller): void {
    for (const call of this.#of(caller)) this.#giveUp(call);
  }

  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  isBusy(caller: Caller): boolean {
    return this.#of(caller).length > 0;
  }

  #of(caller: Caller): Bridged[] {
    return [...this.#waiting.keys()].filter((call) => call.caller === caller);
  }

  #giveUp(call: Bridged): void {
    this.#waiting.get(call)?.();
    this.#waiting.delete(call);
    call.exchange.end();
  }

  #make(call: Bridged, message: RequestMessage): void {
    const { caller, exchange, rewrites } = call;
    const envelope = envelopeFrom(caller.initializeParams, this.levels.chosen(caller) ?? 'info');
    const back: Exchange = {
      reply: (raw) => this.#onReply(call, raw),
      fail: (id, error) => exchange.fail(id, error),
      send: (raw) => exchange.send(raw),
      end: () => exchange.end(),
    };
    this.calls.start(caller, withEnvelope(message, envelope), back, rewrites);
  }

  #onReply(call: Bridged, raw: string): void {
    if (resultTypeOf(raw) !== 'input_required') {
      call.exchange.reply(toLegacy(raw));
      return;
    }
    const result = objectOf(parseMessage(raw).body.result) ?? {};
    if (++call.rounds > MAX_ROUNDS) this.#fail(call, `The server asked for input more than ${MAX_ROUNDS} times.`);
    else this.#askAll(call, objectOf(result.inputRequests) ?? {}, stringOf(result.requestState));
  }

  #askAll(call: Bridged, requests: JsonObject, state: string | undefined): void {
    const { caller, exchange } = call;
    const again = (inputResponses?: JsonObject): void => {
      this.#waiting.delete(call);
      const members = { ...(inputResponses && { inputResponses }), ...(state !== undefined && { requestState: state }) };
      const { raw, body } = insertMembers(call.message, ['params'], members);
      this.#make(call, { ...call.message, raw, body, params: objectOf(body.params) });
    };
    const keys = Object.keys(requests);
    if (keys.length === 0) {
      const timer = setTimeout(again, PAUSE_MS);
      this.#waiting.set(call, () => clearTimeout(timer));
      return;
    }
    const questions = keys.map((key, index) => questionOf(index, requests[key]));
    const unmet = questions.map((question) => (question ? unmetCapability(question, caller.capabilities) : 'a known question')).find(Boolean);
    if (unmet !== undefined) {
      this.#fail(call, `The server needs input that this client does not offer: ${unmet}.`);
      return;
    }
    const answers = new Map<string, unknown>();
    const deliver = (raw: string): void => exchange.send(raw);
    const stop = (): void => caller.asked.withdraw(asker, deliver);
    const asker: Asker = {
      answer: (raw) => {
        const { body } = parseMessage(raw);
        if (!this.#waiting.has(call) || typeof body.id !== 'number') return;
        if (isObject(body.error)) {
          stop();
          this.#fail(call, `The client did not answer: ${stringOf(body.error.message) ?? 'error'}`);
          return;
        }
        answers.set(keys[body.id] as string, body.result);
        if (answers.size === keys.length) again(Object.fromEntries(answers));
      },
    };
    this.#waiting.set(call, stop);
    for (const question of questions) if (question && this.#waiting.has(call)) caller.asked.ask(asker, question, deliver);
  }

  /** A tool's failure is for the model to see; other requests fail as such. */
  #fail(call: Bridged, text: string): void {
    this.#waiting.delete(call);
    const { message, exchange } = call;
    if (message.method === 'tools/call') exchange.reply(toolError(message.id, text));
    else exchange.fail(message.id, new HearthError('unattributable', text));
  }
}

function toolError(id: Id, text: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }], isError: true } });
}
