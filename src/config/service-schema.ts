import { z } from 'zod';

const variable = z
  .strictObject({
    description: z.string().min(1),
    required: z.boolean().default(false).meta({ description: 'Without it the server is not started; its state is `needs-config`.' }),
    secret: z.boolean().default(false).meta({ description: 'Its value is never shown.' }),
    default: z.string().default('').meta({ description: 'May refer to other variables, like texts of a config.' }),
  })
  .meta({ description: 'An environment variable of the server.' });

const container = z
  .strictObject({
    port: z.int().min(1).max(65_535).meta({ description: 'Port of the host.' }),
    memory: z
      .string()
      .regex(/^\d+[mg]$/)
      .meta({ description: 'Memory limit.' }),
    cpus: z.number().positive().meta({ description: 'CPU limit, in cores.' }),
    type: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/)
      .meta({ description: 'Value of the label `com.mcp.type`.' }),
  })
  .meta({ description: 'How it runs in a container. An entry without it is one of the catalog.' });

/** A `service.yaml`: everything about one well-known MCP server that its users need not write down again. */
export const serviceSchema = z
  .strictObject({
    title: z.string().min(1),
    description: z.string().min(1).meta({ description: 'One sentence for people.' }),
    homepage: z.url().optional(),
    install: z.string().optional().meta({ description: 'How its program is installed, for people who lack it.' }),
    server: z.record(z.string(), z.unknown()).meta({
      description: 'Keys of a server in a config, with the values that this one needs. References to variables are to those of `env`.',
    }),
    env: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), variable).default({}),
    container: container.optional(),
    example: z
      .strictObject({ tool: z.string(), args: z.record(z.string(), z.unknown()), note: z.string().optional() })
      .optional()
      .meta({ description: 'A call for its page in docs/api.' }),
  })
  .meta({ id: 'service', title: 'A service of hearth' });

export type Service = z.output<typeof serviceSchema>;
