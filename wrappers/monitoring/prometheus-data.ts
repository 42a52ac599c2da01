import { z } from 'zod';
import { cut, labelsText, lines } from './format.js';

const labelsSchema = z.record(z.string(), z.string());
const pointSchema = z.tuple([z.number(), z.string()]);

/** What a query of Prometheus, and a metric query of Loki, answers. */
export const resultSchema = z.discriminatedUnion('resultType', [
  z.looseObject({ resultType: z.literal('vector'), result: z.array(z.looseObject({ metric: labelsSchema, value: pointSchema.optional() })) }),
  z.looseObject({
    resultType: z.literal('matrix'),
    result: z.array(z.looseObject({ metric: labelsSchema, values: z.array(pointSchema).optional() })),
  }),
  z.looseObject({ resultType: z.literal('scalar'), result: pointSchema }),
  z.looseObject({ resultType: z.literal('string'), result: pointSchema }),
]);

export const seriesOutput = {
  type: z.string().describe('vector, matrix, scalar or string'),
  series: z.array(
    z.object({
      labels: labelsSchema,
      points: z.array(z.object({ time: z.string(), value: z.string().describe('As text, because of NaN and +Inf') })),
    }),
  ),
  total: z.number().describe('Series that there are'),
  truncated: z.boolean(),
};
const seriesSchema = z.object(seriesOutput);
export type Series = z.output<typeof seriesSchema>;

export function seriesOf(data: z.output<typeof resultSchema>, limit: number): Series {
  const all = data.resultType === 'vector' || data.resultType === 'matrix' ? data.result : [{ metric: {}, value: data.result }];
  const series = all.slice(0, limit).map((one) => {
    const values = 'values' in one && Array.isArray(one.values) ? one.values : 'value' in one && one.value ? [one.value] : [];
    return { labels: one.metric, points: (values as Array<[number, string]>).map(([time, value]) => ({ time: isoOf(time), value })) };
  });
  return { type: data.resultType, series, total: all.length, truncated: all.length > limit };
}

export function seriesText({ series, total, truncated }: Series): string {
  const rows = series.map(({ labels, points }) => {
    const shown = points.length <= 5 ? points.map(({ value }) => value).join(' ') : summaryOf(points.map(({ value }) => Number(value)));
    return `${cut(labelsText(labels), 500)} ${shown}`;
  });
  return lines([...rows, ...(truncated ? [`… ${total} series in all`] : [])], 'No series.');
}

function summaryOf(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  return `${values.length} points, first ${values[0]}, last ${values.at(-1)}, min ${sorted[0]}, max ${sorted.at(-1)}`;
}

export function isoOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}
