import { CHOSEN, lines } from './panels.ts';

const FAILED = 'outcome=~"rpc_error|timeout|child_exit"';
const calls = (labels = ''): string => `mcp_tool_calls_total{${CHOSEN}${labels && `, ${labels}`}}`;
const quantile = (q: number, by: string): string =>
  `histogram_quantile(${q}, sum by (${by}) (rate(mcp_tool_duration_seconds_bucket{${CHOSEN}}[$__rate_interval])))`;

/** How much work there is, how much of it fails, and how long it takes. */
export const traffic = [
  lines({ title: 'Calls by service', description: 'Tool calls a second.', unit: 'reqps' }, [
    [`sum by (service) (rate(${calls()}[$__rate_interval]))`, '{{service}}'],
  ]),
  lines({ title: 'Calls by outcome', description: 'Tool calls a second, by how they ended.', unit: 'reqps' }, [
    [`sum by (outcome) (rate(${calls()}[$__rate_interval]))`, '{{outcome}}'],
  ]),
  lines(
    {
      title: 'Error ratio',
      description: 'Failed: rpc_error, timeout, child_exit. Refused: the tool itself answered with isError.',
      unit: 'percentunit',
    },
    [
      [`sum by (service) (rate(${calls(FAILED)}[$__rate_interval])) / sum by (service) (rate(${calls()}[$__rate_interval]))`, '{{service}} failed'],
      [
        `sum by (service) (rate(${calls('outcome="tool_error"')}[$__rate_interval])) / sum by (service) (rate(${calls()}[$__rate_interval]))`,
        '{{service}} refused',
      ],
    ],
  ),
  lines({ title: 'Latency', description: 'From a tool call to its answer, over all tools. The aim is a P95 below 100 ms.', unit: 's' }, [
    [quantile(0.5, 'le'), 'P50'],
    [quantile(0.95, 'le'), 'P95'],
    [quantile(0.99, 'le'), 'P99'],
  ]),
  lines({ title: 'P95 by tool', description: 'The ten slowest tools.', unit: 's' }, [
    [`topk(10, ${quantile(0.95, 'le, service, tool')})`, '{{service}} {{tool}}'],
  ]),
  lines({ title: 'Errors by tool', description: 'The ten tools with the most calls that ended in an error, refused ones included.', unit: 'reqps' }, [
    [
      `topk(10, sum by (service, tool, outcome) (rate(${calls('outcome!~"ok|cancelled"')}[$__rate_interval])) > 0)`,
      '{{service}} {{tool}} {{outcome}}',
    ],
  ]),
  lines({ title: 'In flight', description: 'Requests that wait for a server, and those that wait for a place there.', unit: 'short' }, [
    [`sum by (service) (mcp_requests_in_flight{${CHOSEN}})`, '{{service}} in flight'],
    [`sum by (service) (mcp_queue_waiting{${CHOSEN}})`, '{{service}} queued'],
  ]),
  lines({ title: 'HTTP', description: 'Requests a second by status, and those that were refused before they reached a server.', unit: 'reqps' }, [
    [`sum by (status) (rate(http_requests_total{${CHOSEN}}[$__rate_interval]))`, '{{status}}'],
    [`sum by (reason) (rate(mcp_requests_rejected_total{${CHOSEN}}[$__rate_interval]))`, 'refused: {{reason}}'],
  ]),
  lines(
    { title: 'Burn of the error budget', description: 'How many times faster than 0.1% of calls errors come. Alerts: 14.4 and 6.', unit: 'short' },
    [
      [`max by (service) (service:mcp_tool_failures:ratio_rate1h{${CHOSEN}}) / 0.001`, '{{service}} 1 h'],
      [`max by (service) (service:mcp_tool_failures:ratio_rate6h{${CHOSEN}}) / 0.001`, '{{service}} 6 h'],
    ],
  ),
];
