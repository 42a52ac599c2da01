import type { Redactor } from '../telemetry/redactor.js';
import type { Reports } from './pages.js';

/** Reports without any secret: what servers say about themselves is in them, and may hold anything. */
export function redactedReports(reports: Reports, redactor: Redactor): Reports {
  return {
    ...reports,
    readiness() {
      const { ready, reasons } = reports.readiness();
      return { ready, reasons: reasons.map(redactor.text) };
    },
    health: async () => redactor.deep(await reports.health()) as Record<string, unknown>,
    status: () => redactor.deep(reports.status()) as Record<string, unknown>,
  };
}
