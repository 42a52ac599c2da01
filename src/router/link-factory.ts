import type { Gate } from '../admission/gate.js';
import type { JsonObject, NotificationMessage } from '../protocol/message.js';
import { type Era, LATEST_HANDSHAKE_VERSION } from '../protocol/versions.js';
import { speaksModern } from '../supervisor/era-probe.js';
import type { Handshake } from '../supervisor/handshake.js';
import type { SupervisorHandlers } from '../supervisor/options.js';
import { Supervisor } from '../supervisor/supervisor.js';
import { Link } from './link.js';
import type { Offering } from './offering.js';
import { Probe } from './probe.js';
import type { Caller } from './router.js';
import type { ServerOptions } from './server-options.js';

export interface FactoryHandlers {
  onReady(link: Link, handshake: Handshake, changed: boolean): void;
  onBroadcast(link: Link, message: NotificationMessage): void;
}

export interface LinkFor {
  /** The only session of this child, if it is to have one. */
  readonly owner?: Caller;
  /** Credentials of this child's sessions. */
  readonly env?: Readonly<Record<string, string>>;
  /** The era to speak with it, if it is not what the config says. */
  readonly era?: Era;
}

/** A child that nobody calls. */
const DEAF = { onDown: () => {}, onMessage: () => {}, onOversized: () => {}, onUndelivered: () => {}, onRefused: () => {}, isBusy: () => false };

/** Makes the children of one server, all alike but for whom they serve. None is started. */
export class LinkFactory {
  constructor(
    private readonly options: ServerOptions,
    private readonly gate: Gate,
    private readonly offering: Offering,
    private readonly handlers: FactoryHandlers,
  ) {}

  link({ owner, env = {}, era }: LinkFor = {}): Link {
    const { name, connect, supervisor, link, log, metrics, serverMetrics } = this.options;
    const made: Link = new Link({
      server: name,
      connect: connect(env),
      needs: this.options.needs,
      initializeParams: owner?.initializeParams ?? this.#offered(),
      era: era ?? this.options.era,
      supervisor,
      settings: link,
      gate: this.gate,
      log,
      metrics,
      serverMetrics,
      tracing: this.options.tracing,
      ...(owner && { owner }),
      isRepeatable: (tool) => this.offering.isRepeatable(tool),
      handlers: {
        onReady: (handshake, changed) => this.handlers.onReady(made, handshake, changed),
        onBroadcast: (message) => this.handlers.onBroadcast(made, message),
      },
    });
    return made;
  }

  probe(): Probe {
    const make = (onReady: (handshake: Handshake) => void): Supervisor => this.#apart({ onReady });
    return new Probe(make, (handshake, child) => this.offering.learn(handshake, child));
  }

  /** A child of hearth's own beside those of the clients, to be stopped by who asked for it. Nobody is there to answer its questions. */
  apart(extraArgs: readonly string[]): Supervisor {
    return this.#apart({ onReady: () => {} }, extraArgs, {});
  }

  /** Whether a server that took a handshake would also do without; asked of a child that is thrown away. */
  speaksModern(env: Readonly<Record<string, string>>, onClosing: (closed: Promise<void>) => void): Promise<boolean> {
    const { connect, eraTimeout } = this.options;
    return speaksModern(connect(env), this.#offered(), eraTimeout, onClosing);
  }

  #apart(handlers: Pick<SupervisorHandlers, 'onReady'>, extraArgs: readonly string[] = [], capabilities = this.options.offer): Supervisor {
    const { name, connect, needs, supervisor, log, serverMetrics } = this.options;
    return new Supervisor({
      server: name,
      connect: connect({}, extraArgs),
      needs,
      initializeParams: { ...this.#offered(), capabilities },
      era: this.options.era,
      settings: supervisor,
      log: log.with({ probe: true }),
      metrics: serverMetrics,
      handlers: { ...DEAF, ...handlers },
    });
  }

  /** What hearth offers a child on behalf of all the clients that share it. */
  #offered(): JsonObject {
    return {
      protocolVersion: LATEST_HANDSHAKE_VERSION,
      capabilities: this.options.offer,
      clientInfo: { name: 'hearth', version: this.options.version },
    };
  }
}
