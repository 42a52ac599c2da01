import { z } from 'zod';
import { SettingsError } from '../shared/env.js';

const pricesSchema = z.strictObject({
  currency: z.string().min(1).max(16).default('USD'),
  /** Price of one call, by `service/tool`, `tool`, `service/*` or `*`. */
  tools: z.record(z.string().min(1), z.number().min(0)),
});

export type Prices = z.output<typeof pricesSchema>;

/** @throws SettingsError */
export function parsePrices(text: string | undefined): Prices | undefined {
  if (text === undefined) return undefined;
  try {
    return pricesSchema.parse(JSON.parse(text));
  } catch {
    throw new SettingsError(
      'PRICES (or the file PRICES_FILE) is no price table. It looks like {"currency": "USD", "tools": {"jira/create_issue": 0.01, "*": 0}}',
    );
  }
}

/** @returns the price of one call by the most precise entry there is */
export function priceOf({ tools }: Prices, service: string, tool: string): number | undefined {
  const key = [`${service}/${tool}`, tool, `${service}/*`, '*'].find((each) => Object.hasOwn(tools, each));
  return key === undefined ? undefined : tools[key];
}
