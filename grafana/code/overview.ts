import { CHOSEN, lines, number, rowsOf, states, thresholds } from './panels.ts';

const FAILURES = `sum(increase(mcp_tool_calls_total{${CHOSEN}, outcome=~"rpc_error|timeout|child_exit"}[$__range]))`;
const CALLS = `sum(increase(mcp_tool_calls_total{${CHOSEN}}[$__range]))`;

/** At a glance: who is ill, and are the calls fine. */
export const overview = [
  number(
    { title: 'Services up', description: 'Services whose metrics could be read.', unit: 'short' },
    `sum(up{${CHOSEN}})`,
    thresholds([null, 'red'], [1, 'orange'], [9, 'green']),
  ),
  number(
    { title: 'Firing alerts', description: 'Alerts of these services that fire now.', unit: 'short' },
    `count(ALERTS{alertstate="firing", ${CHOSEN}}) or vector(0)`,
    thresholds([null, 'green'], [1, 'orange'], [5, 'red']),
  ),
  number(
    {
      title: 'Calls that succeed',
      description: 'Share of tool calls in the chosen time that did not fail by rpc_error, timeout or child_exit. The aim is 99.9%.',
      unit: 'percentunit',
    },
    `1 - ${FAILURES} / ${CALLS}`,
    thresholds([null, 'red'], [0.99, 'orange'], [0.999, 'green']),
  ),
  number(
    { title: 'Sessions', description: 'Client sessions open now.', unit: 'short' },
    `sum(chat_sessions_active{${CHOSEN}})`,
    thresholds([null, 'blue']),
  ),
  states(
    {
      title: 'Health of each service',
      description: 'Ready: a tool call would work. Not ready: it runs, and /health/ready says why not. Down: it does not answer.',
      unit: 'short',
    },
    [`max by (service) (mcp_ready{${CHOSEN}} or on (instance) up{${CHOSEN}} - 1)`, '{{service}}'],
    { '-1': { text: 'down', color: 'red' }, '0': { text: 'not ready', color: 'orange' }, '1': { text: 'ready', color: 'green' } },
  ),
  rowsOf(
    { title: 'What fires', description: 'Each alert has a heading in docs/runbook.md.', unit: 'short' },
    `ALERTS{alertstate="firing", ${CHOSEN}}`,
    ['Time', 'Value', '__name__', 'alertstate', 'job'],
  ),
  lines(
    {
      title: 'What is wrong',
      description:
        '1 for the stage at which a server fails: credentials, dependency, process, handshake, tools, check. 0 for all of them when it is well.',
      unit: 'short',
    },
    [[`max by (service, stage) (mcp_server_problem{${CHOSEN}})`, '{{service}} {{stage}}']],
    24,
  ),
];
