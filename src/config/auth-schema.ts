import { z } from 'zod';
import { duration } from './units.js';

const names = z.array(z.string().min(1));
const file = z.string().min(1).optional();
const count = z.int().min(1);

/** What a key, or a scope of a token, gives. */
const scope = {
  servers: names.optional().meta({ description: 'Servers that it may use; without it all.' }),
  tools: names
    .optional()
    .meta({ description: 'Tools that it may call, by the name that clients see or as `<server>__<tool>`; `*` stands for any text. Without it all.' }),
};

const key = z.strictObject({
  key: z.string().min(1),
  name: z.string().min(1).optional(),
  expires: z.iso.datetime({ offset: true, error: 'must be a time like 2027-01-31T00:00:00Z' }).optional(),
  ...scope,
});

/** Asymmetric ones only: with the others whoever can check a token can make one (RFC 8725, 3.1). */
const algorithm = z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']);

const jwt = z
  .strictObject({
    issuer: z.string().min(1).meta({ description: 'Issuer of the tokens, as their `iss` has it: the URL of the authorization server.' }),
    audience: z
      .union([
        z
          .string()
          .min(1)
          .transform((one) => [one]),
        names.min(1),
      ])
      .meta({ description: 'What `aud` of a token must name: the URL of this hearth, as the issuer knows it. One, or a list.' }),
    jwksUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
      .optional()
      .meta({ description: "Where the issuer's public keys are." }),
    jwksFile: file.meta({ description: 'A file with them (JWKS), in place of the URL.' }),
    algorithms: z
      .array(algorithm)
      .min(1)
      .default(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'])
      .meta({ description: 'Signatures that are accepted.' }),
    clockTolerance: duration.default(30_000).meta({ description: "How far the issuer's clock may be off." }),
    timeout: duration.default(5_000).meta({ description: 'Time to fetch the public keys; without them requests get 503.' }),
    maxAge: duration.default(600_000).meta({ description: 'Age at which fetched keys are fetched again.' }),
    cooldown: duration.default(10_000).meta({ description: 'Time between fetches for the sake of keys that are not known yet.' }),
    resource: z
      .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
      .optional()
      .meta({ description: 'Base URL of this hearth for its metadata (RFC 9728), where it is not `http://` and the Host of the request.' }),
    scopes: z.record(z.string().min(1), z.strictObject(scope)).default({ 'mcp:tools': {} }).meta({
      description: 'What each scope of a token gives. `mcp:tools` gives everything, and `mcp:server:<name>` that server, unless named here.',
    }),
  })
  .refine(({ jwksUrl, jwksFile }) => (jwksUrl === undefined) !== (jwksFile === undefined), 'needs either "jwksUrl" or "jwksFile"');

export const authSchema = z.strictObject({
  keys: z
    .array(z.union([z.string().min(1), key]))
    .optional()
    .meta({
      description: 'Keys that are accepted: texts, or objects with `key`, `name`, `expires`, `servers` and `tools`. Take them from variables.',
    }),
  apiKeyFile: file.meta({ description: 'File with one key a line. It is read again when it changes.' }),
  keysFile: file.meta({ description: 'File of `hearth keys`, which holds hashes only. It is read again when it changes.' }),
  jwt: jwt.optional(),
  open: z
    .array(z.enum(['health', 'metrics', 'status']))
    .default([])
    .meta({ description: 'Routes that need no key. `/health/live` and `/health/ready` never do.' }),
  failures: count.default(10).meta({ description: 'Requests with a wrong key from one address within `failureWindow`; more get 429.' }),
  failureWindow: duration.pipe(z.number().min(1_000, 'must be at least 1s')).default(60_000).meta({ description: 'Window of `failures`.' }),
});

const perWindow = z.int().min(0).default(0);

export const rateSchema = z
  .strictObject({
    perKey: perWindow.meta({ description: 'HTTP requests of one key or token owner within `window`; 0 for no limit.' }),
    perAddress: perWindow.meta({ description: 'HTTP requests from one address within `window`; 0 for no limit.' }),
    window: duration.pipe(z.number().min(1_000, 'must be at least 1s')).default(60_000).meta({ description: 'In whole seconds.' }),
    store: z
      .enum(['memory', 'postgres', 'redis'])
      .default('memory')
      .meta({ description: 'Where requests are counted: several replicas need one place. `postgres` needs the package pg, `redis` ioredis.' }),
    url: z.string().min(1).optional().meta({ description: 'URL of that database.' }),
  })
  .refine(({ store, url }) => store === 'memory' || url !== undefined, { path: ['url'], message: 'is needed with this store' });
