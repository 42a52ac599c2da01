import { isSame, type Principal } from '../auth/principal.js';
import { HearthError } from '../errors.js';
import type { Router } from '../router/router.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { RecentIds } from './recent-ids.js';
import type { ReplayStore } from './replay.js';
import {
  CLOSE_REASONS,
  type ClientOrigin,
  type CloseReason,
  type FormerSession,
  Session,
  type SessionSettings,
  type Sink,
  TRANSPORTS,
  type TransportName,
} from './session.js';

export interface StoreSettings extends SessionSettings {
  readonly maxSessions: number;
  /** Sessions of one client, told apart by its address. */
  readonly maxPerClient: number;
  /** Age at which a session ends even if it is used, in milliseconds; 0 for never. */
  readonly maxAge: number;
  /** Silence after which a session ends, in milliseconds. */
  readonly idleTimeout: number;
  /** Time between looks for idle sessions, in milliseconds. */
  readonly sweepInterval: number;
}

/** Ids of ended sessions that are remembered, so that none of them is recovered. */
const MAX_ENDED = 10_000;

/** The one owner of all sessions: opens them up to a limit, finds them, and ends each exactly once. */
export class SessionStore {
  readonly #sessions = new Map<string, Session>();
  readonly #perClient = new Map<string, number>();
  readonly #ended = new RecentIds(MAX_ENDED);
  readonly #sweeper: NodeJS.Timeout;
  #draining = false;

  constructor(
    private readonly settings: StoreSettings,
    private readonly metrics: Metrics,
    private readonly log: Log,
    /** What the streams of sessions have sent. */
    readonly replay: ReplayStore,
  ) {
    metrics.sessionsLimit.set(settings.maxSessions);
    metrics.sessionIdleTimeout.set(settings.idleTimeout / 1000);
    for (const transport of TRANSPORTS) metrics.sessionsOpened.inc({ transport }, 0);
    for (const reason of CLOSE_REASONS) metrics.sessionsClosed.inc({ reason }, 0);
    this.#sweeper = setInterval(() => this.sweep(), settings.sweepInterval);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * @param origin where the client is and what credentials it brought
   * @param former the session of an earlier process that this one goes on with
   * @throws HearthError `overloaded` at a limit, `draining` on the way down, or what the router says
   */
  open(transport: TransportName, router: Router, sink: Sink, origin: ClientOrigin, former?: FormerSession): Session {
    const refusal = this.#refusal(origin);
    if (refusal) {
      this.metrics.rejected.inc({ reason: refusal.code });
      throw refusal;
    }
    router.assertOpen();
    const session = new Session(transport, router, sink, this.settings, origin, former);
    this.#perClient.set(origin.address, (this.#perClient.get(origin.address) ?? 0) + 1);
    this.#sessions.set(session.id, session);
    this.metrics.sessionsOpened.inc({ transport });
    this.metrics.sessionsActive.set(this.#sessions.size);
    this.log.debug('session_opened', 'session opened', { session: session.id, transport, principal: session.principal?.name });
    return session;
  }

  /** The open session with this id on this router and transport; one of another endpoint, or somebody else's, is not found. */
  find(id: string, router: Router, transport: TransportName, principal: Principal | undefined): Session | undefined {
    const session = this.#sessions.get(id);
    return session?.router === router && session.transport === transport && isSame(session.principal, principal) ? session : undefined;
  }

  close(session: Session, reason: CloseReason): void {
    if (!this.#sessions.delete(session.id)) return;
    session.close();
    // One that could not be recovered, or that may be recovered, by another process or with a newer token, has not ended for its client.
    const goesOn = reason === 'shutdown' || reason === 'unauthorized' || (session.recovered && !session.initialized);
    if (session.transport === 'streamable-http' && !goesOn) this.#ended.add(session.id);
    this.replay.release(session.id, goesOn);
    const left = (this.#perClient.get(session.client) as number) - 1;
    if (left > 0) this.#perClient.set(session.client, left);
    else this.#perClient.delete(session.client);
    const seconds = (performance.now() - session.openedAt) / 1000;
    this.metrics.sessionsClosed.inc({ reason });
    this.metrics.sessionDuration.observe({}, seconds);
    this.metrics.sessionsActive.set(this.#sessions.size);
    this.log.debug('session_closed', `session closed: ${reason}`, { session: session.id, reason, seconds, principal: session.principal?.name });
  }

  /** Whether a session that this process does not know may be one of an earlier process. @param age in milliseconds */
  mayRecover(id: string, age: number): boolean {
    const { maxAge } = this.settings;
    return !this.#sessions.has(id) && !this.#ended.has(id) && (maxAge === 0 || age < maxAge);
  }

  /** Ends a session of an earlier process without opening it first. */
  end(id: string): void {
    this.#ended.add(id);
    this.replay.release(id, false);
  }

  /** No new sessions from now on. */
  drain(): void {
    this.#draining = true;
  }

  closeAll(reason: CloseReason): void {
    clearInterval(this.#sweeper);
    for (const session of [...this.#sessions.values()]) this.close(session, reason);
  }

  /** Seconds since the most idle session was heard of. */
  oldestIdleSeconds(now = performance.now()): number {
    let oldest = now;
    for (const { lastSeen } of this.#sessions.values()) oldest = Math.min(oldest, lastSeen);
    return (now - oldest) / 1000;
  }

  byTransport(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { transport } of this.#sessions.values()) counts[transport] = (counts[transport] ?? 0) + 1;
    return counts;
  }

  /**
   * Ends sessions that were silent for too long. One that waits for an answer is not idle; one whose stream is open
   * is asked first, half way to the limit, so that only half-open ones end.
   */
  sweep(now = performance.now()): void {
    const { idleTimeout, maxAge } = this.settings;
    this.replay.sweep(now);
    for (const session of [...this.#sessions.values()]) {
      if (maxAge > 0 && now - session.openedAt >= maxAge) {
        this.close(session, 'too_old');
        continue;
      }
      const idle = now - session.lastSeen;
      if (idle < idleTimeout / 2) continue;
      if (idle >= idleTimeout && !session.isBusy()) this.close(session, 'idle');
      else session.probe();
    }
  }

  /** Ends sessions of those whose key or token does not hold any more: their streams would go on. */
  dropInvalid(): void {
    for (const session of [...this.#sessions.values()]) if (session.principal?.isValid() === false) this.close(session, 'unauthorized');
  }

  /** Why no session can be opened from there now, if so. */
  #refusal({ address }: ClientOrigin): HearthError | undefined {
    const { maxSessions, maxPerClient } = this.settings;
    if (this.#draining) return new HearthError('draining', 'hearth is shutting down; connect again shortly.');
    if (this.#sessions.size >= maxSessions) {
      return new HearthError('overloaded', `${maxSessions} sessions are open, which is the limit (limits.sessions). Try again later.`);
    }
    if ((this.#perClient.get(address) ?? 0) < maxPerClient) return undefined;
    const text = `${maxPerClient} sessions of this client are open, which is the limit (limits.sessionsPerClient). Try again later.`;
    return new HearthError('overloaded', text);
  }
}
