import { CHOSEN, lines } from './panels.ts';

/** What it costs, and what falls over. Panels of limits have lines only where the containers have limits. */
export const processes = [
  lines({ title: 'Restarts', description: 'Restarts of the servers by reason, in the last 15 minutes.', unit: 'short' }, [
    [`sum by (service, reason) (increase(mcp_child_restarts_total{${CHOSEN}}[15m]))`, '{{service}} {{reason}}'],
  ]),
  lines({ title: 'Memory', description: "Resident memory of the servers' processes and of hearth itself.", unit: 'bytes' }, [
    [`sum by (service) (mcp_child_resident_memory_bytes{${CHOSEN}})`, '{{service}} server'],
    [`sum by (service) (process_resident_memory_bytes{${CHOSEN}})`, '{{service}} hearth'],
  ]),
  lines({ title: 'CPU', description: "Cores used by the servers' processes and by hearth itself.", unit: 'short' }, [
    [`sum by (service) (rate(mcp_child_cpu_seconds_total{${CHOSEN}}[$__rate_interval]))`, '{{service}} server'],
    [`sum by (service) (rate(process_cpu_seconds_total{${CHOSEN}}[$__rate_interval]))`, '{{service}} hearth'],
  ]),
  lines({ title: 'Memory of the container', description: 'What cannot be given back.', unit: 'bytes' }, [
    [`sum by (service) (mcp_container_memory_working_set_bytes{${CHOSEN}})`, '{{service}}'],
  ]),
  lines({ title: 'Memory, share of the limit', description: 'Beyond 100% the kernel kills.', unit: 'percentunit' }, [
    [`max by (service) (mcp_container_memory_working_set_bytes{${CHOSEN}} / mcp_container_memory_limit_bytes{${CHOSEN}})`, '{{service}}'],
  ]),
  lines({ title: 'CPU, share of the limit', description: 'At 100% the container is throttled.', unit: 'percentunit' }, [
    [
      `max by (service) (rate(mcp_container_cpu_usage_seconds_total{${CHOSEN}}[$__rate_interval]) / mcp_container_cpu_limit_cores{${CHOSEN}})`,
      '{{service}}',
    ],
  ]),
  lines({ title: 'Out of memory', description: 'Processes that the kernel killed for want of memory.', unit: 'short' }, [
    [`sum by (service) (mcp_container_oom_kills_total{${CHOSEN}})`, '{{service}}'],
  ]),
  lines({ title: 'Event loop lag', description: 'P99 of how late hearth gets to its work. High: it is short of CPU.', unit: 's' }, [
    [`max by (service) (nodejs_eventloop_lag_p99_seconds{${CHOSEN}})`, '{{service}}'],
  ]),
  lines({ title: 'Descriptors', description: 'Open files and sockets of hearth and of the servers.', unit: 'short' }, [
    [`sum by (service) (process_open_fds{${CHOSEN}})`, '{{service}} hearth'],
    [`sum by (service) (mcp_child_open_fds{${CHOSEN}})`, '{{service}} server'],
  ]),
];
