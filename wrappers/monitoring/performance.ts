import { type Metrics, quantile, type Sample } from './exposition.js';
import { rounded } from './format.js';

/** The service's own fault; `tool_error` is often the model's bad arguments, and a client cancels by its own choice. */
const FAULTS = new Set(['rpc_error', 'timeout', 'child_exit']);

export interface Timing {
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly meanMs: number | null;
}

export interface ToolUse extends Timing {
  /** The server in a hub, else null. */
  readonly server: string | null;
  readonly tool: string;
  readonly calls: number;
  readonly outcomes: Record<string, number>;
  readonly errorRate: number;
  readonly toolErrorRate: number;
}

/** @returns every tool that was called, the most called first */
export function toolUse(metrics: Metrics): ToolUse[] {
  const groups = byTool(metrics.of('mcp_tool_calls_total'));
  const buckets = byTool(metrics.of('mcp_tool_duration_seconds_bucket'));
  const sums = new Map(metrics.of('mcp_tool_duration_seconds_sum').map((sample) => [toolKey(sample), sample.value]));
  const all = [...groups].map(([key, samples]): ToolUse => {
    const labels = samples[0]?.labels ?? {};
    const outcomes = Object.fromEntries(samples.filter(({ value }) => value > 0).map((sample) => [sample.labels.outcome ?? '', sample.value]));
    const timing = timingOf(buckets.get(key) ?? [], sums.get(key) ?? 0);
    return { server: labels.server ?? null, tool: labels.tool ?? '', outcomes, ...ratesOf(outcomes), ...timing };
  });
  return all.filter(({ calls }) => calls > 0).sort((a, b) => b.calls - a.calls);
}

/** Calls and shares of errors. */
export function ratesOf(outcomes: Readonly<Record<string, number>>): { calls: number; errorRate: number; toolErrorRate: number } {
  const entries = Object.entries(outcomes);
  const calls = entries.reduce((sum, [, count]) => sum + count, 0);
  const faults = entries.reduce((sum, [outcome, count]) => sum + (FAULTS.has(outcome) ? count : 0), 0);
  const share = (count: number): number => (calls === 0 ? 0 : rounded(count / calls, 4));
  return { calls, errorRate: share(faults), toolErrorRate: share(outcomes.tool_error ?? 0) };
}

export function timingOf(buckets: readonly Sample[], sumSeconds: number): Timing {
  const count = buckets.filter(({ labels }) => labels.le === '+Inf').reduce((sum, { value }) => sum + value, 0);
  const at = (share: number): number | null => milliseconds(quantile(share, buckets));
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), meanMs: count > 0 ? milliseconds(sumSeconds / count) : null };
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : rounded(seconds * 1000, 1);
}

function toolKey({ labels }: Sample): string {
  return JSON.stringify([labels.server, labels.tool]);
}

function byTool(samples: readonly Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) groups.set(toolKey(sample), [...(groups.get(toolKey(sample)) ?? []), sample]);
  return groups;
}
