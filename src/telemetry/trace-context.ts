/** Where in a trace a request stands, and what travels with it, as texts (W3C Trace Context, W3C Baggage). */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
  readonly baggage?: string;
}

/** Version, trace id, parent id, flags; ids of zeros only are none. Later versions may add to it (section 3.2). */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;
const VERSION_0_LENGTH = 55;
/** What the specifications ask implementations to carry at least; more is left out. */
const MAX_TRACESTATE = 512;
const MAX_BAGGAGE = 8_192;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** The context in headers or in a message's `_meta`, which have it under the same names; undefined without a valid one. */
export function traceContextOf(source: Readonly<Record<string, unknown>>): TraceContext | undefined {
  const { traceparent, tracestate, baggage } = source;
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined;
  const isExact = traceparent.startsWith('00') ? traceparent.length === VERSION_0_LENGTH : traceparent.length <= MAX_TRACESTATE;
  if (!isExact) return undefined;
  return { traceparent, ...fitting('tracestate', tracestate, MAX_TRACESTATE), ...fitting('baggage', baggage, MAX_BAGGAGE) };
}

export function traceIdOf({ traceparent }: TraceContext): string {
  return traceparent.slice(3, 35);
}

function fitting(name: string, value: unknown, limit: number): Record<string, string> {
  return typeof value === 'string' && value !== '' && value.length <= limit && PRINTABLE.test(value) ? { [name]: value } : {};
}
