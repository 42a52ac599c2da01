import { type JsonObject, objectOf, stringOf } from '../protocol/message.js';
import { traceContextOf } from '../telemetry/trace-context.js';
import type { CallTrace, Tracing } from '../telemetry/tracing.js';
import type { Pending } from './pending.js';

/** Member of `_meta` that tells a server the correlation id. */
const CORRELATION_META = 'hearth/correlationId';

/**
 * Begins the spans of a request. The context of the message wins over that of the HTTP request, which may carry several messages.
 *
 * @param transport how the server is reached
 * @returns undefined where nothing is traced
 */
export function beginTrace(tracing: Tracing | undefined, server: string, transport: 'pipe' | 'tcp', pending: Pending): CallTrace | undefined {
  if (!tracing?.on) return undefined;
  const { upstreamId, clientId, message, tool, caller, correlation } = pending;
  return tracing.begin({
    server,
    method: message.method,
    tool,
    session: caller.id,
    protocolVersion: stringOf(caller.initializeParams?.protocolVersion),
    clientId,
    upstreamId,
    transport,
    parent: traceContextOf(objectOf(message.params?._meta) ?? {}) ?? correlation?.context,
    params: message.params,
  });
}

/** What the server is told in `_meta` beside the request, if it is to be told anything. @param isTold the correlation id */
export function metaOf({ trace, correlation }: Pending, isTold: boolean): JsonObject | undefined {
  const told = isTold && correlation ? { [CORRELATION_META]: correlation.id } : undefined;
  return told || trace ? { ...told, ...trace?.context } : undefined;
}
