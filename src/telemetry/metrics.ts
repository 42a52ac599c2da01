import { collectDefaultMetrics, Registry } from 'prom-client';
import { Histogram, type Samples } from './histogram.js';
import { BoundCounter, BoundGauge, type Series } from './series.js';

export const DURATION_BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];
const SIZE_BUCKETS = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 16_777_216, 67_108_864];

/** prom-client's own gauges whose names end like counters, which `promtool check metrics` refuses. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Why a message may have no receiver. */
const DROP_REASONS = [
  'client_gone',
  'no_stream',
  'unknown_response_id',
  'too_large',
  'progress_without_request',
  'cancel_without_request',
  'unattributable',
];

/** Every metric of the process that is not about one server. One instance a process, handed to who counts. */
export class Metrics {
  readonly registry = new Registry();
  readonly httpRequests = this.counter('http_requests_total', 'HTTP requests answered', ['method', 'route', 'status']);
  readonly httpDuration = this.histogram('http_request_duration_seconds', 'Time to answer HTTP requests other than event streams', [
    'method',
    'route',
  ]);
  readonly httpInFlight = this.gauge('http_requests_in_flight', 'HTTP requests being answered now');
  readonly rejected = this.counter('mcp_requests_rejected_total', 'Requests refused before they reached a server', ['reason']);
  readonly authFailures = this.counter('mcp_auth_failures_total', 'Requests that were not let in', ['reason']);
  readonly rateLimited = this.counter('mcp_rate_limited_total', 'Requests over a rate limit', ['by']);
  readonly ready = this.gauge('mcp_ready', '1 while /health/ready answers 200');
  readonly sessionsActive = this.gauge('chat_sessions_active', 'Client sessions open now');
  readonly sessionsLimit = this.gauge('mcp_sessions_limit', 'Client sessions that may be open at once');
  readonly sessionsOpened = this.counter('mcp_sessions_opened_total', 'Client sessions opened', ['transport']);
  readonly sessionsClosed = this.counter('mcp_sessions_closed_total', 'Client sessions ended', ['reason']);
  readonly sessionsRecovered = this.counter('mcp_sessions_recovered_total', 'Sessions of an earlier process that go on in this one');
  readonly replayBytes = this.gauge('mcp_replay_bytes', 'Bytes of sent events that are kept for clients that lose a connection');
  readonly replays = this.counter('mcp_replays_total', 'Event streams that went on after a lost connection');
  readonly sessionDuration = this.histogram('mcp_session_duration_seconds', 'Life time of ended client sessions');
  readonly sessionOldestIdle = this.gauge('mcp_session_oldest_idle_seconds', 'Time since the most idle open session was last used');
  readonly sessionIdleTimeout = this.gauge('mcp_session_idle_timeout_seconds', 'Idle time after which a session is ended');
  readonly statelessWaiting = this.gauge('mcp_stateless_waiting', 'Requests of revision 2026-07-28 that outlive their answer', ['kind']);
  readonly connections = this.gauge('mcp_transport_connections', 'Event streams open now', ['transport']);
  readonly messages = this.counter('mcp_messages_total', 'JSON-RPC messages exchanged with clients', ['direction']);
  readonly messageSize = this.histogram('mcp_message_size_bytes', 'Size of JSON-RPC messages exchanged with clients', ['direction'], SIZE_BUCKETS);
  /** The series of `messages` and `messageSize`. */
  readonly wire = { in: this.#wire('in'), out: this.#wire('out') };
  readonly dropped = this.counter('mcp_messages_dropped_total', 'Messages that had no receiver', ['reason']);

  constructor(version: string) {
    collectDefaultMetrics({ register: this.registry });
    for (const name of MISNAMED) this.registry.removeSingleMetric(name);
    // Known series begin at 0, so that the first increase is one (rate() and increase() need a value before it).
    for (const transport of ['sse', 'get', 'post']) this.connections.set({ transport }, 0);
    for (const kind of ['listen', 'input']) this.statelessWaiting.set({ kind }, 0);
    for (const direction of ['in', 'out']) this.messages.inc({ direction }, 0);
    for (const reason of DROP_REASONS) this.dropped.inc({ reason }, 0);
    for (const reason of ['host_or_origin', 'overloaded', 'breaker_open', 'draining']) this.rejected.inc({ reason }, 0);
    for (const by of ['key', 'address']) this.rateLimited.inc({ by }, 0);
    this.gauge('mcp_wrapper_build_info', 'Version of hearth that is running', ['version', 'node']).set({ version, node: process.version }, 1);
  }

  #wire(direction: 'in' | 'out'): { messages: Series; sizes: Samples } {
    return { messages: this.messages.bind({ direction }), sizes: this.messageSize.bind({ direction }) };
  }

  counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): BoundCounter<L> {
    return new BoundCounter({ name, help, labelNames, registers: [this.registry] });
  }

  gauge<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): BoundGauge<L> {
    return new BoundGauge({ name, help, labelNames, registers: [this.registry] });
  }

  histogram<L extends string = never>(name: string, help: string, labelNames: readonly L[] = [], buckets = DURATION_BUCKETS): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets, registry: this.registry });
  }
}
