import { z } from 'zod';
import { interval } from './units.js';

/** A real, cheap call that shows whether a server does its work, not only whether it answers. */
export const checkSchema = z
  .strictObject({
    tool: z.string().min(1).meta({ description: 'Tool to call. It need not be among the offered ones.' }),
    args: z.record(z.string(), z.unknown()).default({}).meta({ description: "Its arguments. `{hearth}` in a text stands for hearth's own URL." }),
    expect: z.string().optional().meta({ description: 'Text that the answer has to hold. Some servers report failures as if they were successes.' }),
    deniedBy: z
      .array(z.string())
      .default([])
      .meta({ description: 'Texts of a failure, or of the log that the server writes meanwhile, that mean: the credentials are wrong.' }),
    interval: interval.default(30_000).meta({ description: 'Time between two calls. A failed one is made again after at most 30 s.' }),
    timeout: interval.default(10_000).meta({ description: 'Longest time of one call.' }),
    ownProcess: z.boolean().default(false).meta({
      description: 'The call gets a process of its own, which is ended afterwards. Always so under policy `per-session`.',
    }),
    extraArgs: z.array(z.string()).default([]).meta({ description: 'Further arguments of that process.' }),
  })
  .meta({ description: 'A real call, made now and then; while it fails the server is not ready.' });

export type CheckConfig = z.output<typeof checkSchema>;
