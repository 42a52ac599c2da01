import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { asHearthError, HearthError, reasonOf } from '../errors.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { refuseMethod, sendError } from '../transport/io.js';
import type { PagesHandler } from './listener.js';
import type { Reports } from './pages.js';
import type { ToolsApi } from './tools-api.js';

/** Health, status and metrics, by express: nothing here is on the path of a tool call. */
export function expressPages(reports: Reports, tools: ToolsApi, metrics: Metrics, log: Log): PagesHandler {
  const app: Express = express().disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing');
  app.get(['/health/live', '/healthz'], (_req, res) => void res.json({ status: 'ok' }));
  app.get(['/health/ready', '/readyz', '/ready'], (_req, res) => {
    const { ready, reasons } = reports.readiness();
    if (!ready) res.set('Retry-After', '1');
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', ...(reasons.length > 0 && { reasons }) });
  });
  app.get('/health', async (_req, res) => {
    const health = await reports.health();
    res.status(health.status === 'down' ? 503 : 200).json(health);
  });
  app.get('/status', (_req, res) => void res.json(reports.status()));
  app.get('/metrics', async (_req, res) => {
    await reports.refresh();
    res.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  app.post('/servers/:name/reset', (req, res) => {
    reports.reset(req.params.name);
    res.status(202).json({ status: 'reset' });
  });
  app.get('/v1/mcp/tools', (req, res) => void res.json(tools.tools(req)));
  app.post('/mcp-rest/tools/call', async (req, res) => {
    try {
      res.json(await tools.call(req, res));
    } catch (error) {
      const { http, code, message } = asHearthError(error);
      res.status(http).json({ detail: { error: code, message } });
    }
  });
  app.all('/mcp-rest/tools/call', (_req, res) => refuseMethod(res, 'POST'));
  for (const path of ['/v1/mcp/tools', '/health', '/health/live', '/health/ready', '/healthz', '/readyz', '/ready', '/status', '/metrics']) {
    app.all(path, (_req, res) => refuseMethod(res, 'GET'));
  }
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    const known = asHearthError(error);
    if (known.code === 'internal') log.error('internal_error', reasonOf(error));
    sendError(res, known);
  });
  return (req, res, notFound) =>
    app(req as Request, res as Response, () => {
      notFound();
      sendError(res, new HearthError('not_found', 'There is nothing at this path. MCP is at /sse and /mcp; see also /health, /status, /metrics.'));
    });
}
