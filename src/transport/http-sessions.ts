import type { IncomingMessage } from 'node:http';
import { isSame, ownerOf, principalOf } from '../auth/principal.js';
import { HearthError } from '../errors.js';
import type { JsonObject } from '../protocol/message.js';
import type { FormerSession, Session } from '../session/session.js';
import { formatSessionId, parseSessionId, type Ticket, uuidOf } from '../session/session-id.js';
import { HttpSink } from './http-sink.js';
import { originOf, type TransportContext } from './transport.js';

export const SESSION_HEADER = 'Mcp-Session-Id';

/** A session of `/mcp` with its streams. */
export interface Found {
  readonly session: Session;
  readonly sink: HttpSink;
  /** What every answer of the session carries. */
  readonly headers: Record<string, string>;
}

/** The sessions of one endpoint: opened by `initialize`, found by their id, and recovered when an earlier process opened them. */
export class HttpSessions {
  readonly #found = new WeakMap<Session, Found>();
  /** Recoveries under way, by id, so that requests at the same time recover a session once. */
  readonly #recovering = new Map<string, Promise<Found>>();

  constructor(private readonly context: TransportContext) {}

  /** @param params of the client's `initialize` @throws HearthError as the session store does */
  open(req: IncomingMessage, params: JsonObject): Found {
    const issuedAt = Math.floor(Date.now() / 1000);
    const owner = ownerOf(principalOf(req));
    return this.#open('streamable-http', req, (uuid) => formatSessionId({ uuid, prefix: this.context.prefix, owner, issuedAt, params }));
  }

  /** A session for one POST, which is never named. */
  openAlone(req: IncomingMessage): Found {
    return this.#open('stateless', req);
  }

  /**
   * The session that a request names: at once if it is open, later if it has to be recovered.
   * @param orRefuse takes care of errors that come later
   * @throws HearthError `invalid_request` without an id, `session_not_found`, or why it cannot be recovered now
   */
  find(req: IncomingMessage, orRefuse: (part: () => void) => void, use: (found: Found) => void): void {
    const id = idOf(req);
    const recovering = this.#recovering.size > 0 ? this.#recovering.get(id) : undefined;
    const live = recovering ? undefined : this.#live(id, req);
    if (live) {
      use(live);
      return;
    }
    const found = recovering ?? this.#recover(id, this.#ticket(id, req), req);
    found.then(
      (known) => orRefuse(() => use(stillThere(req, known))),
      (error: unknown) =>
        orRefuse(() => {
          throw error;
        }),
    );
  }

  /** Ends the session that a request names. @throws HearthError as `find` does */
  async end(req: IncomingMessage): Promise<void> {
    const { sessions } = this.context;
    const id = idOf(req);
    const recovering = this.#recovering.get(id);
    const found = recovering ? stillThere(req, await recovering) : this.#live(id, req);
    if (found) sessions.close(found.session, 'deleted');
    else sessions.end(this.#ticket(id, req).uuid);
  }

  #live(id: string, req: IncomingMessage): Found | undefined {
    const session = this.context.sessions.find(uuidOf(id), this.context.router, 'streamable-http', principalOf(req));
    // A wrapper's one router serves two endpoints, but a session belongs to the one it was opened at.
    const found = session && this.#found.get(session);
    return found?.headers[SESSION_HEADER] === id ? found : undefined;
  }

  /** What the id of an earlier process's session says. @throws HearthError `session_not_found` if it is none that can go on here */
  #ticket(id: string, req: IncomingMessage): Ticket {
    const ticket = parseSessionId(id);
    const isOwn = ticket?.prefix === this.context.prefix && ticket.owner === ownerOf(principalOf(req));
    if (isOwn && this.context.sessions.mayRecover(ticket.uuid, ageOf(ticket))) return ticket;
    throw notFound();
  }

  #recover(id: string, ticket: Ticket, req: IncomingMessage): Promise<Found> {
    const found = this.#open('streamable-http', req, () => id, { id: ticket.uuid, age: ageOf(ticket) });
    const recovery = this.#introduce(found, ticket).finally(() => this.#recovering.delete(id));
    this.#recovering.set(id, recovery);
    return recovery;
  }

  /** The handshake that the client does not make again. */
  async #introduce(found: Found, { uuid, params }: Ticket): Promise<Found> {
    const { sessions, metrics, log } = this.context;
    const { session } = found;
    try {
      await sessions.replay.restore(uuid);
      await session.recover(params);
    } catch (error) {
      sessions.close(session, 'failed');
      throw error;
    }
    metrics.sessionsRecovered.inc();
    log.info('session_recovered', 'a session of an earlier process goes on', { session: session.id });
    return found;
  }

  #open(transport: 'streamable-http' | 'stateless', req: IncomingMessage, idFor?: (uuid: string) => string, former?: FormerSession): Found {
    const { sessions, router } = this.context;
    const sink = new HttpSink(this.context, () => sessions.close(session, 'too_slow'));
    const session: Session = sessions.open(transport, router, sink, originOf(req, this.context), former);
    sink.bind(session);
    const found = { session, sink, headers: idFor ? { [SESSION_HEADER]: idFor(session.id) } : {} };
    this.#found.set(session, found);
    return found;
  }
}

/** @throws HearthError `invalid_request` without an id */
function idOf(req: IncomingMessage): string {
  const id = req.headers['mcp-session-id'];
  if (typeof id === 'string') return id;
  throw new HearthError('invalid_request', `The ${SESSION_HEADER} header is missing; send initialize first.`);
}

/** Time since the session was opened, in milliseconds. Clocks of two machines may differ. */
function ageOf({ issuedAt }: Ticket): number {
  return Math.max(0, Date.now() - issuedAt * 1000);
}

/** One text for all: whoever asks for another's session must not learn that it exists. */
function notFound(): HearthError {
  return new HearthError('session_not_found', 'Session not found: it is unknown or has ended; send initialize again.');
}

/** @throws HearthError `client_gone` if the client has left while its session was recovered, `session_not_found` if it is another's */
function stillThere(req: IncomingMessage, found: Found): Found {
  if (!isSame(found.session.principal, principalOf(req))) throw notFound();
  if (!req.socket.destroyed) return found;
  throw new HearthError('client_gone', 'The client left before its message was handled.');
}
