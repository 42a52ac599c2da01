import {
  type Attributes,
  type Context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { reasonOf } from '../errors.js';
import type { Log } from './log.js';
import type { Outcome } from './outcomes.js';
import type { Redactor } from './redactor.js';
import type { TraceContext } from './trace-context.js';
import type { CallTrace, CallTracer, TracedCall, TracingSettings } from './tracing.js';

/** For one request to the receiver, with its repetitions; and for all that is left at the end. */
const SEND_MS = 3_000;
const CLOSE_MS = 5_000;
/** Spans that wait to be sent; more are dropped, so that a receiver that is away costs no memory. */
const MAX_WAITING = 2_048;
/** Between two records of a receiver that is away. */
const COMPLAIN_MS = 60_000;
const MAX_CONTENT = 16_384;

/**
 * Spans by OTLP over HTTP, with the names of OpenTelemetry's conventions for MCP (semantic-conventions-genai, in development).
 * The only file that knows OpenTelemetry.
 */
export class OtlpTracer implements CallTracer {
  readonly #provider: BasicTracerProvider;
  readonly #tracer: Tracer;
  readonly #complain: (message: string) => void;

  constructor(
    private readonly settings: TracingSettings & { readonly endpoint: string },
    version: string,
    log: Log,
    private readonly redactor: Redactor,
  ) {
    this.#complain = complainer(log);
    const ignore = (): void => {};
    const logger = { error: this.#complain, warn: ignore, info: ignore, debug: ignore, verbose: ignore };
    diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
    const exporter = new OTLPTraceExporter({ url: tracesUrl(settings.endpoint), headers: { ...settings.headers }, timeoutMillis: SEND_MS });
    this.#provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'hearth', 'service.version': version }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(settings.samplePercent / 100) }),
      spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: MAX_WAITING, exportTimeoutMillis: SEND_MS })],
    });
    this.#tracer = this.#provider.getTracer('mcp-hearth', version);
  }

  begin(call: TracedCall): CallTrace {
    const name = call.tool === undefined ? call.method : `${call.method} ${call.tool}`;
    const parent = contextFrom(call.parent);
    const common: Attributes = {
      'mcp.method.name': call.method,
      'mcp.session.id': call.session,
      ...(call.protocolVersion !== undefined && { 'mcp.protocol.version': call.protocolVersion }),
      ...(call.tool !== undefined && { 'gen_ai.tool.name': call.tool, 'gen_ai.operation.name': 'execute_tool' }),
      ...(this.settings.content &&
        call.tool !== undefined && { 'gen_ai.tool.call.arguments': this.#text((call.params as { arguments?: unknown })?.arguments) }),
    };
    const serving = { ...common, 'jsonrpc.request.id': call.clientId, 'network.transport': 'tcp', 'hearth.server': call.server };
    const server = this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes: serving }, parent);
    const calling = { ...common, 'jsonrpc.request.id': String(call.upstreamId), 'network.transport': call.transport, 'hearth.server': call.server };
    const client = this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes: calling }, trace.setSpan(parent, server));
    return new OtlpCall(server, client, call.parent, (result) => (this.settings.content ? this.#text(result) : undefined));
  }

  async close(): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref());
    const sent = this.#provider.shutdown().catch((error: unknown) => this.#complain(reasonOf(error)));
    await Promise.race([sent, late]);
    diag.disable();
  }

  #text(value: unknown): string {
    return this.redactor.text(JSON.stringify(value) ?? '').slice(0, MAX_CONTENT);
  }
}

class OtlpCall implements CallTrace {
  readonly traceId: string;
  readonly context: TraceContext;

  constructor(
    private readonly server: Span,
    private readonly client: Span,
    parent: TraceContext | undefined,
    private readonly content: (result: unknown) => string | undefined,
  ) {
    const { traceId, spanId, traceFlags } = client.spanContext();
    this.traceId = traceId;
    this.context = { ...parent, traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}` };
  }

  sent(): void {
    this.client.addEvent('sent');
  }

  ended(outcome: Outcome, code: number | undefined, result?: unknown): void {
    const text = result === undefined ? undefined : this.content(result);
    for (const span of [this.client, this.server]) {
      if (code !== undefined) span.setAttribute('rpc.response.status_code', String(code));
      if (text !== undefined) span.setAttribute('gen_ai.tool.call.result', text);
      if (outcome !== 'ok')
        span.setAttribute('error.type', outcome === 'rpc_error' || outcome === 'client_error' ? String(code ?? outcome) : outcome);
      // A client that takes its request back is no error.
      if (outcome !== 'ok' && outcome !== 'cancelled') span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    }
  }
}

/** The collector's base URL, or the very one for traces. */
function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url.href;
}

function contextFrom(parent: TraceContext | undefined): Context {
  const [, traceId, spanId, flags] = parent?.traceparent.split('-') ?? [];
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16) & 1, isRemote: true });
}

/** OpenTelemetry's own errors as records, now and then: a receiver that is away would fill the log. */
function complainer(log: Log): (message: string) => void {
  let nextAt = 0;
  return (message) => {
    if (performance.now() < nextAt) return;
    nextAt = performance.now() + COMPLAIN_MS;
    log.warn('traces_failed', `spans could not be sent: ${message.slice(0, 500)}`);
  };
}
