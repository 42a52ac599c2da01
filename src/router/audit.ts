import { parseMessage, type RequestMessage } from '../protocol/message.js';
import { currentCorrelation } from '../telemetry/correlation.js';
import type { Log } from '../telemetry/log.js';
import type { Outcome } from '../telemetry/outcomes.js';
import { outcomeOf } from './pending.js';
import type { Caller, Exchange } from './router.js';

export interface AuditSettings {
  /** Where records go. */
  readonly log: Log;
  /** Whether the arguments of calls are kept. Known secrets in them are redacted by the log. */
  readonly withArguments: boolean;
}

/** Longer arguments are cut: a record is to be read. */
const MAX_ARGUMENTS = 4_096;

/**
 * Watches one call for the audit log: who called which tool, and what came of it, whoever answers in the end.
 * @param tool the server's own name of it
 */
export function audited(settings: AuditSettings, caller: Caller, message: RequestMessage, tool: string, exchange: Exchange): Exchange {
  const startedAt = performance.now();
  const correlation = currentCorrelation();
  let isOver = false;
  const record = (outcome: Outcome | 'refused', code?: number): void => {
    if (isOver) return;
    isOver = true;
    settings.log.info('audit', `tools/call ${tool}: ${outcome}`, {
      tool,
      outcome,
      code,
      principal: caller.principal?.name,
      address: caller.address,
      session: caller.id,
      durationMs: Math.round(performance.now() - startedAt),
      correlationId: correlation?.id,
      ...(settings.withArguments && { arguments: textOf(message.params?.arguments) }),
    });
  };
  return {
    reply(raw, bytes) {
      const reply = parseMessage(raw);
      const { outcome, code } = reply.kind === 'response' ? outcomeOf(reply) : { outcome: 'rpc_error' as const, code: undefined };
      record(outcome, code);
      exchange.reply(raw, bytes);
    },
    fail(id, error) {
      record('refused', error.rpc);
      exchange.fail(id, error);
    },
    send: (raw) => exchange.send(raw),
    end() {
      record('cancelled');
      exchange.end();
    },
  };
}

function textOf(args: unknown): string {
  const text = JSON.stringify(args ?? {});
  return text.length <= MAX_ARGUMENTS ? text : `${text.slice(0, MAX_ARGUMENTS)}... (${text.length} characters)`;
}
