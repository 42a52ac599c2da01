import { randomBytes } from 'node:crypto';
import { HearthError } from '../errors.js';
import { type Envelope, readEnvelope } from '../protocol/envelope.js';
import type { RequestMessage } from '../protocol/message.js';
import type { Exchange, Router } from '../router/router.js';
import type { Metrics } from '../telemetry/metrics.js';
import { Listen } from './listen.js';
import type { ClientOrigin } from './session.js';
import { StatelessCall, stateOf } from './stateless-call.js';

export interface StatelessSettings {
  /** Listens open at once, and calls that wait for their client's answers at once: each. */
  readonly maxWaiting: number;
  readonly maxAsked: number;
  /** Time for a client to come back with answers, in milliseconds. */
  readonly askTimeout: number;
}

interface Parked {
  readonly call: StatelessCall;
  readonly timer: NodeJS.Timeout;
}

/** Marks the states that hearth gives out, so that a server's own are told apart. */
const STATE_PREFIX = 'hearth.';

/** The owner of everything in the modern era that outlives a POST: listens, and calls that wait for their client's answers. */
export class StatelessCalls {
  readonly #parked = new Map<string, Parked>();
  readonly #listens = new Set<Listen>();
  #draining = false;

  constructor(
    private readonly settings: StatelessSettings,
    private readonly metrics: Metrics,
  ) {}

  get listens(): number {
    return this.#listens.size;
  }

  /** Calls that wait for their client's answers. */
  get parked(): number {
    return this.#parked.size;
  }

  /**
   * Makes a request, or goes on with one that waits for the answers which this one brings.
   *
   * @returns what to do when the POST is over
   * @throws HearthError `draining`; `invalid_params` for a state that is unknown, used, changed or too old
   */
  call(router: Router, message: RequestMessage, origin: ClientOrigin, exchange: Exchange): () => void {
    this.#assertOpen();
    const state = stateOf(message);
    const envelope = readEnvelope(message.params);
    const call = state?.startsWith(STATE_PREFIX) ? this.#take(state, message, origin) : undefined;
    const made = call ?? this.#make(router, message, envelope, origin);
    if (call) call.resume(message, exchange);
    else made.start(exchange);
    return () => made.left(exchange);
  }

  /** @returns what to do when the POST is over. @throws HearthError `draining`, `overloaded` */
  listen(router: Router, message: RequestMessage, origin: ClientOrigin, exchange: Exchange): () => void {
    this.#assertOpen();
    if (this.#listens.size >= this.settings.maxWaiting) {
      throw new HearthError('overloaded', `${this.#listens.size} subscriptions are open, which is the limit (limits.sessions). Try again later.`);
    }
    const listen = new Listen(router, message, readEnvelope(message.params), origin, exchange, (closed) => {
      this.#listens.delete(closed);
      this.#count();
    });
    this.#listens.add(listen);
    this.#count();
    void listen.open();
    return () => listen.close();
  }

  /** Nothing new from now on; calls that wait for answers end, since nobody will be there to take them. */
  drain(): void {
    this.#draining = true;
    for (const { call } of [...this.#parked.values()]) call.close();
  }

  /** Ends what belongs to somebody whose key or token does not hold any more. */
  dropInvalid(): void {
    for (const { call } of [...this.#parked.values()]) if (call.principal?.isValid() === false) call.close();
    for (const listen of [...this.#listens]) if (listen.principal?.isValid() === false) listen.end();
  }

  closeAll(): void {
    for (const listen of [...this.#listens]) listen.end();
  }

  #assertOpen(): void {
    if (this.#draining) throw new HearthError('draining', 'hearth is shutting down; try again shortly.');
  }

  #make(router: Router, message: RequestMessage, envelope: Envelope, origin: ClientOrigin): StatelessCall {
    return new StatelessCall({
      router,
      message,
      envelope,
      origin,
      maxAsked: this.settings.maxAsked,
      park: (call) => this.#park(call),
      unpark: (state) => this.#unpark(state),
    });
  }

  /** The state is a name that cannot be guessed; what it stands for never leaves hearth, so nothing in it can be changed. */
  #park(call: StatelessCall): string | undefined {
    if (this.#parked.size >= this.settings.maxWaiting) {
      this.metrics.rejected.inc({ reason: 'overloaded' });
      return undefined;
    }
    const state = STATE_PREFIX + randomBytes(24).toString('base64url');
    this.#parked.set(state, { call, timer: setTimeout(() => call.close(), this.settings.askTimeout) });
    this.#count();
    return state;
  }

  #take(state: string, message: RequestMessage, origin: ClientOrigin): StatelessCall {
    const parked = this.#parked.get(state);
    if (!parked?.call.isRepeatedBy(message, origin)) {
      throw new HearthError('invalid_params', 'Invalid params: "requestState" is unknown, changed or too old; make the request anew.');
    }
    this.#unpark(state);
    return parked.call;
  }

  #unpark(state: string): void {
    clearTimeout(this.#parked.get(state)?.timer);
    this.#parked.delete(state);
    this.#count();
  }

  #count(): void {
    this.metrics.statelessWaiting.set({ kind: 'listen' }, this.#listens.size);
    this.metrics.statelessWaiting.set({ kind: 'input' }, this.#parked.size);
  }
}
