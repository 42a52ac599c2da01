import type { Log } from './log.js';
import type { Outcome } from './outcomes.js';
import type { Redactor } from './redactor.js';
import type { TraceContext } from './trace-context.js';

export interface TracingSettings {
  /** Where spans go, by OTLP over HTTP; undefined for nowhere. */
  readonly endpoint?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the traces that begin here, in percent; who continues a client's trace does as the client says. */
  readonly samplePercent: number;
  /** Whether arguments and results of tools are recorded too. */
  readonly content: boolean;
}

/** What is known of a request when it comes. */
export interface TracedCall {
  readonly server: string;
  readonly method: string;
  readonly tool: string | undefined;
  readonly session: string;
  readonly protocolVersion: string | undefined;
  /** As the client and as the server know it. */
  readonly clientId: string;
  readonly upstreamId: number;
  /** How the server is reached: a pipe to a child, or a connection. */
  readonly transport: 'pipe' | 'tcp';
  readonly parent: TraceContext | undefined;
  readonly params: unknown;
}

/** The spans of one request: one towards the client, one towards the server. */
export interface CallTrace {
  readonly traceId: string;
  /** What the server is told, so that its own spans belong to the trace. */
  readonly context: TraceContext;
  /** The request goes to the server now. */
  sent(): void;
  /** @param result of the server, if it gave one */
  ended(outcome: Outcome, code: number | undefined, result?: unknown): void;
}

export interface CallTracer {
  begin(call: TracedCall): CallTrace;
  /** Sends what is left. Resolves in a few seconds at most. */
  close(): Promise<void>;
}

/** Traces of requests, if they are wanted: without an endpoint no code of OpenTelemetry is even loaded. */
export class Tracing {
  #tracer: CallTracer | undefined;

  constructor(private readonly settings: TracingSettings) {}

  async load(version: string, log: Log, redactor: Redactor): Promise<void> {
    const { endpoint } = this.settings;
    if (endpoint === undefined) return;
    const { OtlpTracer } = await import('./otlp-tracer.js');
    this.#tracer = new OtlpTracer({ ...this.settings, endpoint }, version, log, redactor);
  }

  get on(): boolean {
    return this.#tracer !== undefined;
  }

  begin(call: TracedCall): CallTrace | undefined {
    return this.#tracer?.begin(call);
  }

  async close(): Promise<void> {
    await this.#tracer?.close();
  }
}
