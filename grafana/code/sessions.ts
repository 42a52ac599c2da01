import { CHOSEN, lines } from './panels.ts';

/** Where a leak shows first. */
export const sessions = [
  lines({ title: 'Sessions and streams', description: 'An SSE session needs a stream; one of /mcp does not.', unit: 'short' }, [
    [`sum by (service) (chat_sessions_active{${CHOSEN}})`, '{{service}} sessions'],
    [`sum by (transport) (mcp_transport_connections{${CHOSEN}})`, 'streams: {{transport}}'],
  ]),
  lines({ title: 'Most idle session', description: 'Far above the limit: a leak.', unit: 's' }, [
    [`max by (service) (mcp_session_oldest_idle_seconds{${CHOSEN}})`, '{{service}}'],
    [`max(mcp_session_idle_timeout_seconds{${CHOSEN}})`, 'limit'],
  ]),
  lines(
    { title: 'Children', description: 'Processes in the groups of the children, and children that should run. Helpers count too.', unit: 'short' },
    [
      [`sum by (service) (mcp_child_processes{${CHOSEN}})`, '{{service}} processes'],
      [`sum by (service) (mcp_child_processes_expected{${CHOSEN}})`, '{{service}} expected'],
    ],
  ),
  lines({ title: 'Opened', description: 'Sessions opened a second, by transport.', unit: 'ops' }, [
    [`sum by (transport) (rate(mcp_sessions_opened_total{${CHOSEN}}[$__rate_interval]))`, '{{transport}}'],
  ]),
  lines({ title: 'Closed', description: 'Sessions ended a second, by reason.', unit: 'ops' }, [
    [`sum by (reason) (rate(mcp_sessions_closed_total{${CHOSEN}}[$__rate_interval]))`, '{{reason}}'],
  ]),
  lines({ title: 'Share of the limit', description: 'Open sessions of limits.sessions.', unit: 'percentunit' }, [
    [`max by (service) (chat_sessions_active{${CHOSEN}} / mcp_sessions_limit{${CHOSEN}})`, '{{service}}'],
  ]),
];
