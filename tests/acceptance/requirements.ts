/**
 * Every promise of hearth: its id, where it comes from, its text, and whether it is kept. Ids are stable. A test cites
 * what it proves with `verifies`; coverage.test.ts fails on a finished requirement that no test cites.
 */
export interface Requirement {
  readonly source: string;
  readonly text: string;
  readonly state: 'finished' | 'planned';
}

type Group<P extends string, T> = { readonly [K in keyof T & string as `${P}.${K}`]: Requirement };

function group<const P extends string, const T extends Record<string, string>>(
  prefix: P,
  state: Requirement['state'],
  source: string,
  texts: T,
): Group<P, T> {
  const entries = Object.entries(texts).map(([part, text]) => [`${prefix}.${part}`, { source, text, state }]);
  return Object.fromEntries(entries) as Group<P, T>;
}

const W1 = group('W1', 'finished', 'requirements W1; MCP 2025-11-25', {
  serve: 'hearth wrap serves any stdio server (command, args, env, cwd) without a config file',
  sse: 'It is served at /sse and /messages',
  mcp: 'It is served at /mcp',
  tools: 'Tools pass through: list and call, results unchanged',
  resources: 'Resources pass through: list, templates, read, subscribe, unsubscribe, updated',
  prompts: 'Prompts pass through: list and get',
  completion: 'Completion passes through',
  logging: 'Logging passes through: setLevel and messages',
  sampling: "A server's sampling request reaches its client, and the answer comes back",
  elicitation: "A server's elicitation request reaches its client, and the answer comes back",
  roots: "A server's roots request reaches its client, and the answer comes back",
  progress: "A server's progress reaches the request's own client under its own token",
  cancellation: 'A cancelled request is cancelled at the server, and gets no answer',
  pagination: 'Cursors and pages pass through',
});

const W2 = group('W2', 'finished', 'requirements W2; what keeps a session alive (docs/protocol.md)', {
  heartbeats: 'First bytes leave at once, and a comment follows every heartbeat on every open stream',
  framing: 'Byte-wise lines: split characters, CRLF, blank lines, U+2028, noise and oversized lines harm nobody',
  buffering: 'A client or a child that does not read is bounded, and nobody else notices',
  'silent-call': 'A call that is silent for minutes completes, with signs of life for its client',
});
const W2_IDLE = group('W2', 'finished', 'requirements W2', {
  idle: 'A session ends by its client or by the idle limit, and by nothing else',
});
const W2_RESUME = group('W2', 'finished', 'requirements W2', {
  resume: 'Missed events are replayed after a broken connection',
});

const W3 = group('W3', 'finished', 'requirements W3', {
  churn: '10,000 sessions opened, used and dropped leave children, descriptors, timers and heap where they were',
  orphans: 'Killing the proxy leaves no child or grandchild',
});

const W4 = group('W4', 'finished', 'requirements W4', {
  shared: 'Policy shared: one child serves all sessions',
  pool: 'Policy pool: n warm children; a session stays with one',
  'per-session': 'Policy per-session: a child for each session, up to a limit, ended with it',
});
const W4_CREDENTIALS = group('W4', 'finished', 'requirements W4', {
  credentials: "Children are keyed by credentials when a client's header is mapped to a variable",
});

const W5 = group('W5', 'finished', 'requirements W5', {
  start: 'A child has a time limit from start to ready',
  ready: 'Ready means that handshake and tool list succeeded',
  backoff: 'Restarts wait, twice as long each time up to a limit, with jitter',
  intensity: 'Too many restarts within a window end in the state failed',
  failed: 'A failed server is told apart, tried again later, and reset by hand',
  replay: 'After a restart, handshake, log level and subscriptions are replayed',
  ping: 'A silent, idle child is pinged; one that does not answer is restarted; a busy one is left alone',
  stop: 'The stop ladder: end of stdin, TERM, KILL, on the whole process group',
  strays: 'Descendants that left the group are ended too',
  pid1: 'As PID 1 orphans are reaped',
});

const W6 = group('W6', 'finished', 'requirements W6; MCP 2025-11-25, resumability', {
  restart: 'Sessions on /mcp survive a restart of the proxy',
  replay: 'What a stream has sent since the last event that its client has seen is sent again, and nothing of other streams',
  bounds: 'What is kept for that has limits, in memory and on disk',
});
const W7 = group('W7', 'finished', 'requirements W7', {
  stateless: 'Stateless mode, from flag, MCP_HTTP_STATELESS or file',
  json: 'JSON-response mode, from flag, MCP_HTTP_JSON or file',
  concurrency: 'MCP_MAX_CONCURRENT_REQUESTS, MCP_REQUEST_TIMEOUT, MCP_CONNECTION_POOL_SIZE',
  sessions: 'Session timeout and clean-up interval',
});
const W8 = group('W8', 'finished', 'requirements W8; MCP 2024-11-05 to 2026-07-28', {
  client: 'Revisions 2024-11-05 to 2026-07-28 on the client side',
  stateless: 'A request of 2026-07-28 costs no child and no session, and leaves nothing behind',
  headers: 'Headers that repeat what the body says are checked',
  translate: 'Servers of an earlier era serve clients of 2026-07-28: their questions become input_required results, answers come back',
  bridge: 'Servers of 2026-07-28 serve clients of earlier eras',
  eras: 'What a server speaks is found out without harm to it, or set in the config',
  listen: 'subscriptions/listen carries the changes that it asked for, and only those',
  batches: 'Batches are accepted for 2025-03-26 and for no other revision',
  tasks: 'Tasks of 2025-11-25 pass through and are seen by their owners only, or are refused clearly',
  conformance: 'The official conformance suites pass, for children of each era, through wrap and through a hub',
  clients: 'The official clients of both majors and the Python client list and call over every transport that they support',
});

const A1 = group('A1', 'finished', 'requirements A1', {
  names: 'Several servers behind one /sse and one /mcp, tools and prompts named <server>__<name>',
  resources: 'Resources and templates of all servers are merged, and each URI finds its server',
  notifications: 'Notifications of all servers reach the sessions of the hub',
  paths: '/servers/<name>/sse and /mcp show one server bare',
});
const A_FINISHED = group('A', 'finished', 'requirements A2, A3', {
  degraded: 'A2: a server that is down, slow or broken never delays or removes the others',
  upstreams: 'A3: upstreams over stdio, SSE or Streamable HTTP, with headers, auth and TLS',
});
const A = group('A', 'planned', 'requirements A4 to A6', {
  foreign: 'A4: configs of Claude, VS Code and Cursor are read as they are; variables, defaults, *_FILE',
  filter: 'A5: allow and deny, renames, descriptions, exposure by key',
  reload: 'A6: a changed file restarts only what changed; a broken one changes nothing',
});

const H = group('H', 'finished', 'requirements H', {
  live: '/health/live and /healthz answer while the process runs',
  ready: '/health/ready, /readyz and /ready mean that a tool call would work, and say why not',
  deep: '/health reports every child, the age and size of its tool list, memory and CPU, dependencies and the last real call',
  stages: 'Credentials, a dependency, the process, the handshake, the tool list and a real call are told apart as causes of failure',
});

const RULES = Object.fromEntries(
  [
    'Fresh upstream ids: clients with the same ids, ids 1 and "1", and a reused id all get their own replies',
    'Progress tokens are restored, cancellation stays within its session, late replies are dropped',
    'A shared child is initialised once; a failed initialize is not cached; fifty at once cost one',
    'Subscriptions are counted, list_changed reaches each session once, each session has its own log level',
    'A question from a child goes to the one session in flight, or is refused with a reason',
    'A dispatched tools/call is never repeated',
    'When the child dies calls fail at once, sessions live on, the child is replayed, changed tools are announced',
    'A disconnect does not cancel on /mcp; a closed SSE stream does; an ended session frees everything',
  ].map((text, index) => [`RULE${index + 1}`, { source: `routing rule ${index + 1} (docs/protocol.md)`, text, state: 'finished' }]),
) as { readonly [K in `RULE${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`]: Requirement };

const S = group('S', 'finished', 'requirements S', {
  known: 'filesystem, monitoring, memory, fetch, postgres, github, n8n, playwright and timescaledb are one line of config each',
  deep: 'Each has a deep health check, and says what it needs when credentials are missing',
  services: 'The nine run in a container each',
  docs: 'Each has a page generated from its live tool list, and a test against its real backend',
  memory: 'All nine together stay under 2 GB at rest',
});
const C = group('C', 'finished', 'requirements C', {
  doctor: 'hearth doctor says what is missing',
  catalog: 'Jira, Confluence, AWS, GCP, Slack, Dynamics 365 and others with one line of config each; hearth add writes it',
});
const L = group('L', 'finished', 'requirements L1 to L3; litellm.md', {
  config: 'L1: hearth litellm prints a config that LiteLLM really reads',
  real: 'L2: real LiteLLM lists and calls every tool; errors arrive as errors',
  paths: 'The tool paths of the LiteLLM proxy work on hearth itself',
  load: 'L3: a session for each operation costs no process and next to no time',
});
const O_FINISHED = group('O', 'finished', 'requirements O1 to O3', {
  telemetry: 'O1: metrics, JSON logs with a correlation id, OpenTelemetry traces',
  dashboards: 'O2: Promtail and Alloy, Loki, a Grafana dashboard, provisioned without a click',
  alerts: 'O3: alerts, unit-tested, each with a runbook',
});
const O = group('O', 'planned', 'requirements O4', {
  monitoring: 'O4: a monitoring service',
});
const R = group('R', 'finished', 'requirements R', {
  queue: 'Queue with limits and deadlines, concurrency and time limits',
  breaker: 'Circuit breaker with one probe',
  retry: 'Retry only where it is safe',
  cache: 'Cache and coalescing for read-only tools',
  drain: 'Graceful drain on SIGTERM',
});
const X_ACCESS = group('X', 'finished', 'requirements X; MCP 2025-11-25, authorization', {
  auth: 'API keys on every route but liveness and readiness: none, a wrong, a revoked or an expired one opens nothing',
  jwt: 'JWT as an OAuth 2.1 resource server: signature, issuer, audience, time and scope; its metadata; keys that rotate or are away',
  scope: 'Keys and tokens of some servers or tools see and use nothing else',
  sessions: 'A session, a stream and a request that waits belong to whoever opened them, across restarts too',
  rate: 'Rate limits for each key and address, and for wrong keys, with Retry-After',
  origin: 'Host and Origin checks on every route',
});
const X_SECRETS = group('X', 'finished', 'requirements X', {
  secrets: 'Secrets from variables, files, Docker, an encrypted store and AWS Secrets Manager; a missing one is named with its place',
  store: 'The encrypted store: rotation, several writers, and tampering or a wrong key told clearly',
  redaction: 'Known secrets appear in no log, page, error or output, in whichever form',
  ownSecrets: "A child sees its own secrets, and neither another server's nor hearth's",
});
const X = group('X', 'finished', 'requirements X', {
  input: 'Body limits and request validation',
  validation: 'Arguments are checked against the schemas of their tools, safely against hostile ones',
  tools: 'Tools are allowed and denied for each server; a server can be read-only',
  isolation: 'Environment allow-list, no shell',
  audit: 'Audit log; dependency scan',
});
const X_IMAGES = group('X', 'planned', 'requirements X', {
  images: 'Non-root read-only containers; image scan',
});

const D = group('D', 'planned', 'requirements D1 to D3', {
  records: 'D1: sessions, messages and tool executions in PostgreSQL',
  rest: 'D2: REST under /api and /v1/mcp/tools, with an OpenAPI document',
  console: 'D3: a console page, tested in a real browser',
});
const P = group('P', 'planned', 'requirements P', {
  deploy: 'Compose, multi-architecture images, Kubernetes, Terraform, CI',
  switch: 'Blue-green deployment, rollback, backup and restore, all tested',
  stability: 'Load, chaos and 24-hour tests with reports',
  docs: 'Quick start, architecture, runbook, troubleshooting, recovery, migration',
});
const Q = group('Q', 'planned', 'requirements Q', {
  latency: 'P95 tool response below 100 ms through the whole path',
  errors: 'Error rate below 0.1% under load',
  coverage: '100% line and branch coverage of the wrapper',
  conformance: 'The official conformance suite, complete in both eras',
});

export const REQUIREMENTS = {
  ...{
    ...W1,
    ...W2,
    ...W2_IDLE,
    ...W2_RESUME,
    ...W3,
    ...W4,
    ...W4_CREDENTIALS,
    ...W5,
    ...W6,
    ...W7,
    ...W8,
    ...A1,
    ...A_FINISHED,
    ...A,
    ...H,
    ...RULES,
  },
  ...{ ...S, ...C, ...L, ...O_FINISHED, ...O, ...R, ...X_ACCESS, ...X_SECRETS, ...X, ...X_IMAGES, ...D, ...P, ...Q },
} satisfies Readonly<Record<string, Requirement>>;

export type RequirementId = keyof typeof REQUIREMENTS;

/** A test's title with the requirements that it proves: `it(verifies(['W1.sse'], 'serves tools over SSE'), …)`. */
export function verifies(ids: readonly [RequirementId, ...RequirementId[]], title: string): string {
  return `${title} [${ids.join(', ')}]`;
}
