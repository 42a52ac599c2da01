import { asHearthError, reasonOf } from '../errors.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { sendError } from '../transport/io.js';
import type { PagesHandler } from './listener.js';
import type { ToolsApi } from './tools-api.js';

/** What the pages show; the composition root provides it. */
export interface Reports {
  /** Whether a tool call would work, and why not. */
  readiness(): { ready: boolean; reasons: readonly string[] };
  health(): Promise<Record<string, unknown>>;
  status(): Record<string, unknown>;
  /** Ends a server's `failed` state. @throws HearthError `not_found` */
  reset(server: string): void;
  /** Brings gauges up to date before a scrape. */
  refresh(): Promise<void>;
}

/** Everything but MCP. express is loaded with the first request for it: what only serves tools starts without. */
export function createPages(reports: Reports, tools: ToolsApi, metrics: Metrics, log: Log): PagesHandler {
  let pages: Promise<PagesHandler> | undefined;
  return (req, res, notFound) => {
    pages ??= import('./express-pages.js').then(({ expressPages }) => expressPages(reports, tools, metrics, log));
    pages
      .then((handle) => handle(req, res, notFound))
      .catch((error: unknown) => {
        log.error('internal_error', reasonOf(error));
        sendError(res, asHearthError(error));
      });
  };
}
