import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { addTool, READS } from '../shared/tool.js';
import { type MonitoringContext, notConfigured } from './context.js';
import { rounded } from './format.js';
import { toolUse } from './performance.js';
import { priceOf } from './prices.js';
import { counted, failuresOf } from './tools-performance.js';
import { failureLines } from './tools-services.js';

/** What calls have cost, by a table of prices. */
export function addCostTool(server: McpServer, context: MonitoringContext): void {
  addTool(server, 'cost_estimate', {
    title: 'Cost Estimate',
    description: 'Estimated cost of tool calls: the number of calls of each tool times its price in the price table. Counts calls of every outcome',
    input: z.object({ service: z.string().max(64).describe('Only this service').optional() }),
    output: z.object({
      currency: z.string(),
      total: z.number(),
      tools: z
        .array(z.object({ service: z.string(), tool: z.string(), calls: z.number(), price: z.number(), cost: z.number() }))
        .describe('The most expensive first'),
      unpriced: z.array(z.object({ service: z.string(), tool: z.string(), calls: z.number() })).describe('Called, but not in the table'),
      since: z.record(z.string(), z.string()),
      failures: z.array(z.object({ service: z.string(), error: z.string() })),
    }),
    hints: READS,
    run: async ({ service: name }) => {
      const { prices } = context.settings;
      if (prices === undefined) throw notConfigured('PRICES (or PRICES_FILE)');
      const asked = await counted(context, name);
      const rows = asked.flatMap((each) => {
        if (each.error !== null) return [];
        return toolUse(each.value.metrics).map(({ tool, calls }) => ({ service: each.service.name, tool, calls }));
      });
      const priced = rows.map((row) => ({ ...row, price: priceOf(prices, row.service, row.tool) }));
      const tools = priced
        .flatMap((row) => (row.price === undefined ? [] : [{ ...row, price: row.price, cost: rounded(row.calls * row.price, 6) }]))
        .sort((a, b) => b.cost - a.cost);
      const unpriced = priced.flatMap(({ price, ...row }) => (price === undefined ? [row] : []));
      const total = rounded(
        tools.reduce((sum, { cost }) => sum + cost, 0),
        6,
      );
      const since = Object.fromEntries(asked.flatMap((each) => (each.error === null ? [[each.service.name, each.value.since]] : [])));
      const { currency } = prices;
      const list = tools.slice(0, 20).map((row) => `${row.service}/${row.tool}: ${row.calls} calls × ${row.price} = ${row.cost} ${currency}`);
      const missing = unpriced.length > 0 ? [`${unpriced.length} called tools have no price.`] : [];
      const failures = failuresOf(asked);
      const text = [`Estimated: ${total} ${currency}`, ...list, ...missing].join('\n') + failureLines(failures);
      return { data: { currency, total, tools, unpriced, since, failures }, text };
    },
  });
}
