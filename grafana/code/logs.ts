import { CHOSEN_LOGS, logCounts, logLines } from './panels.ts';

/** What they say. A click on a correlation id in a record brings all that belongs to that request. */
export const logs = [
  logCounts({ title: 'Records by level', description: 'Log records of the chosen services.', unit: 'short' }, [
    `sum by (level) (count_over_time({${CHOSEN_LOGS}} [$__auto]))`,
    '{{level}}',
  ]),
  logLines(
    { title: 'Errors and warnings', description: 'Records of level error and warn.', unit: 'short' },
    `{${CHOSEN_LOGS}, level=~"error|warn"}`,
    12,
  ),
  logLines(
    {
      title: 'By correlation id',
      description: 'Every record of one request: put its X-Correlation-ID into the variable at the top, or click on one in a record.',
      unit: 'short',
    },
    `{${CHOSEN_LOGS}} | correlation_id=~"$correlation_id"`,
    12,
  ),
];
