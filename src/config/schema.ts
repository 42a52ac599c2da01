import { z } from 'zod';
import { authSchema, rateSchema } from './auth-schema.js';
import { checkSchema } from './check-schema.js';
import { secretsSchema } from './secrets-schema.js';
import { duration, eventSize, interval, size } from './units.js';

// A config is read once: to write and compile code for that costs more than it saves.
z.config({ jitless: true });

const count = z.int().min(1);
const names = z.array(z.string());

/** Servers are named in URLs and before `__` in tool names. */
const SERVER_NAME = /^(?!.*__)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
export const serverName = z
  .string()
  .regex(SERVER_NAME, 'a server name has letters, digits, ".", "-" and single "_", and begins and ends with a letter or digit');

export const policy = z.enum(['shared', 'pool', 'per-session']);

export const serverSchema = z
  .strictObject({
    command: z.string().min(1).optional().meta({ description: 'Program to run. It is started without a shell.' }),
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
      .optional()
      .meta({ description: 'A remote MCP server, in place of `command`: for instance the wrapper of another container.' }),
    transport: z
      .enum(['sse', 'http', 'streamable-http'])
      .optional()
      .meta({ description: 'How the remote server is spoken to; without it, `sse` for URLs that end in `/sse`, else `http`.' }),
    headers: z.record(z.string(), z.string()).default({}).meta({ description: 'Sent with every request to the remote server.' }),
    ca: z.string().optional().meta({ description: "File with the certificate authorities (PEM) of the remote server, in place of the system's." }),
    service: z.string().min(1).optional().meta({
      description: 'A service that hearth knows (docs/services.md): what is not written here comes from there.',
    }),
    credentials: z.record(z.string(), z.string()).default({}).meta({
      description: 'Environment variable -> header of the client. Sessions with the same credentials share a child; others never reach it.',
    }),
    credentialIdle: duration.default(300_000).meta({ description: 'How long a child of `credentials` is kept warm without sessions.' }),
    args: names.default([]).meta({ description: 'Its arguments.' }),
    env: z.record(z.string(), z.string()).default({}).meta({ description: 'Environment variables for this server alone.' }),
    passEnv: names.default([]).meta({ description: "Names of variables to hand down from hearth's own environment, beyond the allow-list." }),
    cwd: z.string().optional().meta({ description: 'Working directory.' }),
    type: z.enum(['stdio', 'sse', 'http', 'streamable-http']).optional().meta({ description: "The same as `transport`, in VS Code's form." }),
    policy: policy.default('shared').meta({
      description: '`shared`: one child for all sessions. `pool`: a few. `per-session`: one for each, for servers that keep state per client.',
    }),
    poolSize: count.max(64).default(2).meta({ description: 'Children under policy `pool`.' }),
    maxChildren: count.max(1_000).default(32).meta({ description: 'Children that may run at once under policy `per-session`.' }),
    offer: z
      .array(z.enum(['sampling', 'elicitation', 'roots']))
      .default(['sampling', 'elicitation', 'roots'])
      .meta({ description: 'Client capabilities that hearth offers to a child that is shared. Leave `roots` out to hide them from it.' }),
    era: z.enum(['auto', 'legacy', 'modern']).default('auto').meta({
      description: 'Protocol era of the server: `legacy` begins with a handshake (up to 2025-11-25), `modern` does without (2026-07-28).',
    }),
    eraTimeout: duration.default(5_000).meta({
      description: 'Under `era: auto`, how long a second process of the server may take to say whether it also speaks 2026-07-28.',
    }),
    allowTools: names.optional().meta({ description: 'The only tools that are offered, by name; `*` stands for any text. Without it all are.' }),
    denyTools: names.default([]).meta({ description: 'Tools that are neither listed nor called; `*` stands for any text.' }),
    readOnly: z.boolean().default(false).meta({ description: 'Only tools that their server annotates as read-only are offered.' }),
    validate: z
      .boolean()
      .default(false)
      .meta({ description: "Arguments of calls are checked against their tools' schemas before the server gets them." }),
    requireEnv: names.default([]).meta({
      description: 'Variables without which the server is not started: while one is empty its state is `needs-config`.',
    }),
    dependsOn: z.record(z.string(), z.string()).default({}).meta({
      description: 'What the server needs over TCP, by a name for people: a URL or `host:port`. Looked at now and then; empty ones are not.',
    }),
    minTools: z.int().min(0).default(0).meta({ description: 'Fewer tools than this in its list are a fault.' }),
    check: checkSchema.optional(),
    startTimeout: duration.default(60_000).meta({ description: 'From start to ready.' }),
    readyWait: duration.default(15_000).meta({ description: 'How long a call may wait for a child that starts or has just died.' }),
    stopEof: duration.default(3_000).meta({ description: 'After the end of stdin, before SIGTERM.' }),
    stopTerm: duration.default(3_000).meta({ description: 'After SIGTERM, before SIGKILL.' }),
    backoffMin: duration.default(250).meta({ description: 'Wait before the first restart; it doubles with each failure.' }),
    backoffMax: duration.default(30_000).meta({ description: 'Longest wait before a restart.' }),
    maxRestarts: count.default(5).meta({ description: 'More restarts than this within `restartWindow` and the server is `failed`.' }),
    restartWindow: duration.default(60_000).meta({ description: 'Window of `maxRestarts`.' }),
    retryFailed: duration.default(300_000).meta({ description: 'A failed server is tried again after this time.' }),
    correlation: z
      .boolean()
      .default(false)
      .meta({ description: 'The server is told the correlation id of each request, as `hearth/correlationId` in its `_meta`.' }),
    retries: z
      .int()
      .min(0)
      .max(5)
      .default(0)
      .meta({ description: 'How often a call of a tool that is annotated as read-only or idempotent is sent again when its child died.' }),
    cacheTtl: duration
      .default(0)
      .meta({ description: 'How long the answer of a read-only tool may be used again for identical calls; 0 for never.' }),
    cacheEntries: count.default(1_000).meta({ description: 'Answers kept for `cacheTtl`.' }),
    coalesce: z.boolean().default(false).meta({ description: 'Identical calls of read-only tools that are in flight together share one answer.' }),
    breakerFailures: z
      .int()
      .min(0)
      .default(5)
      .meta({ description: 'Failures in a row (dead child, time limit) after which calls fail at once; 0 for never.' }),
    breakerOpen: duration.default(30_000).meta({ description: 'How long calls then fail at once, before one is let through to see.' }),
    ping: duration.default(30_000).meta({ description: 'Silence after which an idle child is pinged; 0 turns it off.' }),
    pingTimeout: duration.default(10_000).meta({ description: 'Time for the answer to a ping; two missed ones restart the child.' }),
  })
  .refine(({ command, url }) => (command === undefined) !== (url === undefined), 'needs either "command" (a stdio server) or "url" (a remote one)')
  .meta({ id: 'server', description: 'An MCP server: a program that speaks stdio, or the URL of a remote one.' });

const listen = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').meta({ description: 'Address to listen on.' }),
  port: z.int().min(0).max(65_535).default(8080).meta({ description: 'Port; 0 picks a free one and prints it.' }),
});

const http = z.strictObject({
  allowedHosts: names
    .default([])
    .meta({ description: 'Host names that requests may be addressed to, beside loopback names and IP addresses; `*` for any.' }),
  allowedOrigins: names.default([]).meta({ description: 'Origins of web pages that may use hearth, beside loopback ones; `*` for any.' }),
  heartbeat: interval.default(15_000).meta({ description: 'Time between comment lines that keep open streams alive.' }),
  streamAfter: duration.default(100).meta({ description: 'A POST on /mcp that is still unanswered after this time becomes an event stream.' }),
  retry: duration.default(1_000).meta({ description: 'How long clients are asked to wait before they resume a stream of /mcp that broke.' }),
  maxEvent: eventSize.default(0).meta({
    description:
      'Largest event of a stream, for clients that give up over a larger one: tools then answer that their result is too large. `litellm` is 1 MiB, 0 no limit.',
  }),
  stateless: z.boolean().default(false).meta({ description: 'No sessions on /mcp: every POST stands alone.' }),
  jsonResponse: z.boolean().default(false).meta({ description: 'Answer POSTs on /mcp with plain JSON only, never with a stream.' }),
});

const audit = z.strictObject({
  calls: z.boolean().default(false).meta({ description: 'A record of every tool call: who, which tool, what came of it, how long it took.' }),
  arguments: z.boolean().default(false).meta({ description: 'With the arguments of the calls, without known secrets in them.' }),
  file: z.string().optional().meta({ description: 'File for these records, as JSON lines; without it they go into the log, at level info.' }),
});

const limits = z.strictObject({
  sessions: count.default(2_000).meta({ description: 'Sessions open at once.' }),
  sessionTimeout: interval.default(1_800_000).meta({ description: 'Silence after which a session ends.' }),
  sweepInterval: interval.default(10_000).meta({ description: 'Time between looks for idle sessions.' }),
  sessionsPerClient: count.default(1_000).meta({ description: 'Sessions open at once from one address.' }),
  sessionMaxAge: duration.default(0).meta({ description: 'Age at which a session ends even if it is used; 0 for never.' }),
  requestTimeout: interval.default(600_000).meta({ description: 'Longest time a request may take; progress of the server begins it anew.' }),
  maxRequestTime: interval.default(3_600_000).meta({ description: 'Longest time a request may take, progress or not.' }),
  message: size.default(64 * 2 ** 20).meta({ description: 'Largest message, in either direction.' }),
  batch: count.default(1_000).meta({ description: 'Messages in one batch of revision 2025-03-26.' }),
  replayEvents: count.default(256).meta({ description: 'Sent events of one stream of /mcp that are kept for a client that lost the connection.' }),
  replayTotal: size.default(128 * 2 ** 20).meta({ description: 'Bytes of such events of all sessions together.' }),
  replayBytes: size.default(4 * 2 ** 20).meta({ description: 'Bytes of such events of one session; the oldest streams go first.' }),
  replayAge: duration.default(300_000).meta({ description: 'How long the events of a stream are kept after its end.' }),
  concurrency: z.int().min(0).default(0).meta({ description: 'Requests one server works on at once; 0 for no limit.' }),
  queue: count.default(1_000).meta({ description: 'Requests that may wait for a place at one server.' }),
  queueAge: interval.default(30_000).meta({ description: 'Longest wait for such a place.' }),
  pendingPerSession: count.default(1_000).meta({ description: 'Requests in flight of one session at one server.' }),
  spawnRate: count.default(240).meta({ description: 'Children started per minute for one server under policy `per-session`.' }),
  pending: count.default(10_000).meta({ description: 'Requests in flight at one child, waiting ones included.' }),
  clientBuffer: size.default(64 * 2 ** 20).meta({ description: 'Bytes that may wait for a client that does not read; then it is closed.' }),
  childBuffer: size.default(64 * 2 ** 20).meta({ description: 'Bytes that may wait for a child that does not read; then calls fail.' }),
  depth: count.default(256).meta({ description: 'Levels of objects and lists in a message of a client.' }),
  asked: count.default(64).meta({ description: 'Questions of servers that one client may leave unanswered.' }),
  inputTimeout: interval
    .default(300_000)
    .meta({ description: 'Time for a client of 2026-07-28 to come back with the input that a server of an earlier revision waits for.' }),
  stderrLines: count.default(50).meta({ description: "Lines of a child's stderr that are kept for reports." }),
  firstListWait: duration.default(5_000).meta({ description: "How long a hub's first lists wait for servers that are still starting." }),
  rate: rateSchema.prefault({}),
  drain: duration.default(10_000).meta({ description: 'Time for requests in flight when hearth stops.' }),
});

const state = z.strictObject({
  dir: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Folder where events of /mcp are kept too, so that broken streams can be resumed after a restart. One for each hearth.' }),
});

const traces = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .meta({ description: 'Where traces go, by OTLP over HTTP: the base URL of a collector, or the one for traces. Without it there are none.' }),
  headers: z.record(z.string(), z.string()).default({}).meta({ description: 'Sent with them, for receivers that want a key.' }),
  samplePercent: z
    .int()
    .min(0)
    .max(100)
    .default(100)
    .meta({ description: "How many of 100 traces are recorded; a client's own trace as the client says." }),
  content: z.boolean().default(false).meta({ description: 'With arguments and results of tools, without known secrets in them.' }),
});

/** The whole configuration. Defaults stand beside the keys; unknown keys are errors. */
export const configSchema = z
  .strictObject({
    $schema: z.string().optional().meta({ description: 'For editors.' }),
    listen: listen.prefault({}),
    servers: z
      .record(serverName, serverSchema)
      .refine((servers) => Object.keys(servers).length > 0, 'name at least one server')
      .meta({ description: 'The MCP servers, by name. One makes a wrapper, several make a hub.' }),
    http: http.prefault({}),
    limits: limits.prefault({}),
    auth: authSchema.prefault({}),
    audit: audit.prefault({}),
    traces: traces.prefault({}),
    state: state.prefault({}),
    secrets: secretsSchema.prefault({}),
  })
  .meta({ id: 'hearth', title: 'Configuration of hearth' });

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
export type ServerConfig = z.output<typeof serverSchema>;
