import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { addTool, READS } from '../shared/tool.js';
import type { MonitoringContext } from './context.js';
import type { Metrics } from './exposition.js';
import { rounded } from './format.js';
import { failureLines } from './tools-services.js';

/** A sweep and a slow moment may let a session live a little longer than its limit. */
const IDLE_TOLERANCE = 1.5;

const sessionsSchema = z.object({
  service: z.string(),
  active: z.number(),
  limit: z.number().nullable(),
  opened: z.number().describe('Since the process started, as closed'),
  closed: z.number(),
  closedBy: z.record(z.string(), z.number()),
  eventStreams: z.number().describe('Event streams open now'),
  oldestIdleSeconds: z.number(),
  idleTimeoutSeconds: z.number(),
  childProcesses: z.number(),
  childProcessesExpected: z.number(),
  leak: z.enum(['none', 'possible', 'likely']),
  findings: z.array(z.string()),
});
type Sessions = z.output<typeof sessionsSchema>;

/** Sessions, and whether any of them leak. */
export function addSessionTools(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'session_report', {
    title: 'Session Report',
    description: 'Client sessions of each service: open, opened and closed, oldest idle against the idle timeout, and whether sessions leak',
    input: z.object({ service: z.string().max(64).describe('Only this service').optional() }),
    output: z.object({
      active: z.number(),
      services: z.array(sessionsSchema),
      failures: z.array(z.object({ service: z.string(), error: z.string() })),
    }),
    hints: READS,
    run: async ({ service: name }) => {
      const asked = await context.each(context.services(name), (service) => context.hearth.metrics(service));
      const services = asked.flatMap((each) => (each.error === null ? [sessionsOf(each.service.name, each.value)] : []));
      const failures = asked.flatMap((each) => (each.error === null ? [] : [{ service: each.service.name, error: each.error }]));
      const active = services.reduce((sum, each) => sum + each.active, 0);
      const text = `${active} sessions are open.\n${services.map(lineOf).join('\n')}${failureLines(failures)}`;
      return { data: { active, services, failures }, text };
    },
  });
}

function sessionsOf(service: string, metrics: Metrics): Sessions {
  const sum = (name: string): number => rounded(metrics.sum(name) ?? 0);
  const facts = {
    service,
    active: sum('chat_sessions_active'),
    limit: metrics.sum('mcp_sessions_limit'),
    opened: sum('mcp_sessions_opened_total'),
    closed: sum('mcp_sessions_closed_total'),
    closedBy: Object.fromEntries(metrics.of('mcp_sessions_closed_total').map(({ labels, value }) => [labels.reason ?? '', value])),
    eventStreams: sum('mcp_transport_connections'),
    oldestIdleSeconds: sum('mcp_session_oldest_idle_seconds'),
    idleTimeoutSeconds: sum('mcp_session_idle_timeout_seconds'),
    childProcesses: sum('mcp_child_processes'),
    childProcessesExpected: sum('mcp_child_processes_expected'),
  };
  return { ...facts, ...suspicionOf(facts) };
}

/** The best signal is a session that outlives the idle timeout: no use of the service explains it. */
export function suspicionOf(facts: Omit<Sessions, 'leak' | 'findings'>): Pick<Sessions, 'leak' | 'findings'> {
  const { active, limit, opened, closed, oldestIdleSeconds, idleTimeoutSeconds } = facts;
  const isOverdue = idleTimeoutSeconds > 0 && oldestIdleSeconds > IDLE_TOLERANCE * idleTimeoutSeconds;
  const lost = opened - closed - active;
  const hints = [
    ...(lost === 0 ? [] : [`opened less closed is ${opened - closed}, but ${active} are open`]),
    ...(limit !== null && limit > 0 && active >= 0.9 * limit ? [`${active} of at most ${limit} sessions are open`] : []),
  ];
  const overdue = `a session has been idle for ${Math.round(oldestIdleSeconds)} s, but should have ended after ${idleTimeoutSeconds} s`;
  return { leak: isOverdue ? 'likely' : hints.length > 0 ? 'possible' : 'none', findings: [...(isOverdue ? [overdue] : []), ...hints] };
}

function lineOf({ service, active, oldestIdleSeconds, idleTimeoutSeconds, leak, findings }: Sessions): string {
  const idle = `oldest idle ${Math.round(oldestIdleSeconds)} s of ${idleTimeoutSeconds} s`;
  return `${service}: ${active} open, ${idle}, leak: ${leak}${findings.length > 0 ? ` (${findings.join('; ')})` : ''}`;
}
