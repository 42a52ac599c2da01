import type { Deadline } from '../deadlines.js';
import type { HearthError } from '../errors.js';
import { insertMembers, type JsonText } from '../protocol/insert.js';
import { type Reply, withId } from '../protocol/large.js';
import { type JsonObject, objectOf, type RequestMessage, type ResponseMessage, stringOf } from '../protocol/message.js';
import { findMember, type MemberText, type Replacement, replaceId, replaceMembers } from '../protocol/splice.js';
import { currentCorrelation } from '../telemetry/correlation.js';
import type { Outcome } from '../telemetry/outcomes.js';
import type { CallTrace } from '../telemetry/tracing.js';
import { tokenOf } from './child-requests.js';
import type { Caller, Exchange } from './router.js';

/** How a request and its answer are changed on the way. */
export interface Rewrites {
  /** Members of the request to replace. */
  readonly request?: readonly Replacement[];
  /** The server's own name of the tool that is called, where clients know it by another. */
  readonly tool?: string;
  /** Called with a successful answer before it is delivered. */
  readonly onResult?: (message: ResponseMessage) => void;
  /** Changes a successful answer. */
  readonly result?: (message: ResponseMessage) => ResponseMessage;
}

/** One client request on its way through a server. It ends exactly once. */
export class Pending {
  readonly startedAt = performance.now();
  readonly correlation = currentCorrelation();
  /** The server's own name of the tool that is called, if this is a call. */
  readonly tool: string | undefined;
  readonly #id: MemberText | undefined;
  /** The client's id and progress token as JSON text, for the way back: as they were written, however many digits. */
  readonly clientId: string;
  readonly token: string | undefined;
  trace: CallTrace | undefined;
  sent = false;
  done = false;
  /** Its time limit: everybody's, or its own, where that is shorter. */
  limit: Deadline | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Gives its place in the gate back. */
  leave: () => void = () => {};
  /** Last progress value that the client has seen, and when. */
  progress = 0;
  heardAt = this.startedAt;
  /** When the server itself last reported progress. */
  progressAt = Number.NEGATIVE_INFINITY;
  /** The server never got it: sending it again does no harm. */
  undelivered = false;
  /** How often it was sent again after its child died. */
  attempts = 0;

  constructor(
    readonly upstreamId: number,
    readonly caller: Caller,
    readonly message: RequestMessage,
    readonly exchange: Exchange,
    readonly rewrites: Rewrites | undefined,
  ) {
    this.#id = findMember(message.raw, 'id');
    this.clientId = this.#id?.text ?? JSON.stringify(message.id);
    this.token = tokenOf(message.params);
    this.tool = toolOf(message, rewrites);
  }

  /**
   * The request as the server gets it: the upstream id in place of the client's id and progress token.
   * @param meta what its `_meta` gets besides
   */
  toUpstream(meta?: JsonObject): string {
    const { upstreamId, token, rewrites } = this;
    const id = String(upstreamId);
    const { message, edits } = meta ? this.#withMeta(meta) : { message: this.message, edits: [] };
    if (token === undefined && !rewrites?.request && message === this.message && edits.length === 0) {
      return this.#id ? this.#id.before + id + this.#id.after : replaceId(message.raw, message.body, id);
    }
    edits.push({ path: ['id'], json: id }, ...(rewrites?.request ?? []));
    if (token !== undefined) edits.push({ path: ['params', '_meta', 'progressToken'], json: id });
    return replaceMembers(message.raw, message.body, edits);
  }

  /** Members that `_meta` has already are replaced where they stand, so that nothing else is written anew. */
  #withMeta(meta: JsonObject): { message: JsonText; edits: Replacement[] } {
    const own = objectOf(this.message.params?._meta) ?? {};
    const entries = Object.entries(meta);
    const fresh = entries.filter(([key]) => !Object.hasOwn(own, key));
    const message = fresh.length > 0 ? insertMembers(this.message, ['params', '_meta'], Object.fromEntries(fresh)) : this.message;
    const known = entries.filter(([key]) => Object.hasOwn(own, key));
    return { message, edits: known.map(([key, value]) => ({ path: ['params', '_meta', key], json: JSON.stringify(value) })) };
  }

  /** The server's answer as the client gets it: with its own id, and otherwise byte for byte. */
  toClient(answer: ResponseMessage): Reply {
    return withId(answer, this.clientId);
  }

  end(): void {
    this.done = true;
    this.limit?.end();
    clearTimeout(this.timer);
    this.leave();
  }

  fail(error: HearthError): void {
    this.exchange.fail(this.message.id, error);
  }
}

/** The server's own name of the tool that a request calls. */
export function toolOf({ method, params }: RequestMessage, rewrites: Rewrites | undefined): string | undefined {
  return method === 'tools/call' ? (rewrites?.tool ?? stringOf(params?.name)) : undefined;
}

/** How a server's answer counts. */
export function outcomeOf(message: ResponseMessage): { outcome: Outcome; code?: number } {
  const { error, result } = message.body as { error?: { code?: unknown }; result?: { isError?: unknown } };
  if (error) {
    const code = typeof error.code === 'number' ? error.code : 0;
    return { outcome: code <= -32600 && code >= -32602 ? 'client_error' : 'rpc_error', code };
  }
  return { outcome: result?.isError === true ? 'tool_error' : 'ok' };
}

/** The limit is for the server's own work: a call that takes it exactly must not lose a race with the way there and back. */
export function withGrace(limitMs: number): number {
  return limitMs + Math.min(2_000, limitMs / 100);
}
