// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references in configs
import { z } from 'zod';
import { duration, interval } from './units.js';

const file = z.strictObject({
  path: z.string().min(1).default('hearth.secrets.json').meta({ description: 'The encrypted store; see `hearth secrets`.' }),
  keyFile: z.string().min(1).optional().meta({ description: 'File with its key. Without it `keyEnv` is looked at, then `hearth.secrets.key` here.' }),
  keyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable')
    .default('HEARTH_SECRETS_KEY')
    .meta({ description: 'Variable with the key itself; with `_FILE` behind its name, one with the path of the key file.' }),
});

const aws = z.strictObject({
  region: z.string().min(1).optional().meta({ description: 'Without it `AWS_REGION`, `AWS_DEFAULT_REGION`, then `us-east-1`.' }),
  prefix: z.string().default('hearth/').meta({ description: 'Put before names: `${secret:NAME}` is the secret `hearth/NAME`.' }),
  endpoint: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .meta({ description: "In place of AWS's own address: a VPC endpoint, LocalStack." }),
  timeout: interval.default(10_000).meta({ description: 'Longest wait for an answer.' }),
});

/** Where `${secret:NAME}` comes from. */
export const secretsSchema = z.strictObject({
  backend: z
    .enum(['file', 'aws'])
    .optional()
    .meta({ description: '`file`: the encrypted store. `aws`: AWS Secrets Manager. Without it only `dir` is looked at.' }),
  dir: z
    .string()
    .min(1)
    .default('/run/secrets')
    .meta({ description: 'Folder of mounted secrets (Docker, Kubernetes), looked at after the backend.' }),
  file: file.prefault({}),
  aws: aws.prefault({}),
  refresh: duration.default(0).meta({ description: 'Time between looks for secrets that have changed; 0 for never.' }),
});

export type SecretsConfig = z.output<typeof secretsSchema>;
