import type { Log } from '../telemetry/log.js';
import type { LogLimit } from '../telemetry/log-limit.js';
import type { Outcome } from '../telemetry/outcomes.js';
import { traceIdOf } from '../telemetry/trace-context.js';
import type { Pending } from './pending.js';

/**
 * One record per request. At `info` when someone will look for it: the client sent a correlation id, or the request
 * did not end well, as far as the limit allows. The rest is `debug`, so that a busy server does not spend its time on writing that all is well.
 */
export function logRequest(
  log: Log,
  limit: LogLimit,
  { message, caller, correlation, tool, trace }: Pending,
  outcome: Outcome,
  seconds: number,
  code: number | undefined,
): void {
  const isTrouble = outcome === 'rpc_error' || outcome === 'timeout' || outcome === 'child_exit';
  const level = isTrouble ? 'warn' : correlation?.given || outcome !== 'ok' ? 'info' : 'debug';
  if (level === 'debug' ? !log.isDebug : !correlation?.given && !limit.take()) return;
  log[level]('request', `${message.method}${tool === undefined ? '' : ` ${tool}`}: ${outcome}`, {
    method: message.method,
    tool,
    outcome,
    code,
    durationMs: Math.round(seconds * 1000),
    session: caller.id,
    principal: caller.principal?.name,
    correlationId: correlation?.id,
    traceId: trace?.traceId ?? (correlation?.context && traceIdOf(correlation.context)),
  });
}
