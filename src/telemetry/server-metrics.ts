import { REQUESTS } from '../protocol/methods.js';
import type { Histogram } from './histogram.js';
import type { Metrics } from './metrics.js';
import { OUTCOMES, type Outcome, Outcomes } from './outcomes.js';
import type { BoundCounter, BoundGauge, Series } from './series.js';

const RESTART_REASONS = ['exit', 'signal', 'spawn_error', 'disconnected', 'start_failed', 'unresponsive'];

/** Most tools of a server that have series of their own. */
const MAX_TOOL_LABELS = 1_000;

type Labels = Record<string, string>;

/** A metric of one server: the `server` label is set in a hub and left out in a wrapper. */
interface Bound {
  inc(labels?: Labels, value?: number): void;
}

/** The families of metrics that exist once a process and get a `server` label when there are several servers. */
export class ServerMetricFamilies {
  readonly #labels: readonly string[];
  readonly toolCalls: BoundCounter;
  readonly toolDuration: Histogram;
  readonly requests: BoundCounter;
  readonly requestDuration: Histogram;
  readonly inFlight: BoundGauge;
  readonly rpcErrors: BoundCounter;
  readonly tools: BoundGauge;
  readonly childUp: BoundGauge;
  readonly childExpected: BoundGauge;
  readonly restarts: BoundCounter;
  readonly stderrLines: BoundCounter;
  readonly noiseLines: BoundCounter;
  readonly spawnDuration: Histogram;
  readonly processes: BoundGauge;
  readonly residentMemory: BoundGauge;
  readonly cpuSeconds: BoundCounter;
  readonly openFds: BoundGauge;
  readonly queueWaiting: BoundGauge;
  readonly breakerOpen: BoundGauge;
  readonly problems: BoundGauge;
  readonly checkOk: BoundGauge;
  readonly checkDuration: BoundGauge;

  constructor(metrics: Metrics, hub: boolean) {
    this.#labels = hub ? ['server'] : [];
    const labels = (...own: string[]): string[] => [...this.#labels, ...own];
    this.toolCalls = metrics.counter('mcp_tool_calls_total', 'Tool calls by outcome', labels('tool', 'outcome'));
    this.toolDuration = metrics.histogram('mcp_tool_duration_seconds', 'Time from a tool call to its answer', labels('tool'));
    this.requests = metrics.counter('mcp_requests_total', 'MCP requests by outcome', labels('method', 'outcome'));
    this.requestDuration = metrics.histogram('mcp_request_duration_seconds', 'Time from an MCP request to its answer', labels('method'));
    this.inFlight = metrics.gauge('mcp_requests_in_flight', 'MCP requests waiting for the server', labels());
    this.rpcErrors = metrics.counter('mcp_rpc_errors_total', 'JSON-RPC errors given to clients', labels('code'));
    this.tools = metrics.gauge('mcp_tools', 'Tools in the last good list', labels());
    this.childUp = metrics.gauge('mcp_child_up', 'Children that are ready', labels());
    this.childExpected = metrics.gauge('mcp_child_processes_expected', 'Children that should be running', labels());
    this.restarts = metrics.counter('mcp_child_restarts_total', 'Restarts of the child', labels('reason'));
    this.stderrLines = metrics.counter('mcp_child_stderr_lines_total', 'Lines the child wrote to stderr', labels());
    this.noiseLines = metrics.counter('mcp_child_stdout_noise_lines_total', "Lines on the child's stdout that were not JSON-RPC", labels());
    this.spawnDuration = metrics.histogram('mcp_child_spawn_duration_seconds', 'Time from spawn to ready', labels());
    this.processes = metrics.gauge('mcp_child_processes', "Processes in the children's groups, counted", labels());
    this.residentMemory = metrics.gauge('mcp_child_resident_memory_bytes', 'Resident memory of the children', labels());
    this.cpuSeconds = metrics.counter('mcp_child_cpu_seconds_total', 'CPU time of the children', labels());
    this.queueWaiting = metrics.gauge('mcp_queue_waiting', 'Requests that wait for a place at the server', labels());
    this.breakerOpen = metrics.gauge('mcp_breaker_open', '1 while the circuit breaker refuses requests', labels());
    this.problems = metrics.gauge('mcp_server_problem', '1 for the stage at which the server fails', labels('stage'));
    this.checkOk = metrics.gauge('mcp_check_ok', '1 if the last deep check succeeded', labels());
    this.checkDuration = metrics.gauge('mcp_check_duration_seconds', 'Time that the last deep check took', labels());
    this.openFds = metrics.gauge('mcp_child_open_fds', 'Descriptors open in the children', labels());
  }

  /** The view of one server. */
  of(server: string): ServerMetrics {
    return new ServerMetrics(this, this.#labels.length > 0 ? { server } : {});
  }
}

/** What one server's parts count. */
export class ServerMetrics {
  readonly noiseLines: Bound;
  readonly stderrLines: Bound;
  readonly #knownTools = new Set<string>();
  readonly #inFlight: Series;
  readonly #methods: Outcomes;
  readonly #tools: Outcomes;
  #cpuSeconds = 0;

  constructor(
    private readonly families: ServerMetricFamilies,
    private readonly base: Labels,
  ) {
    this.noiseLines = { inc: () => families.noiseLines.inc(base) };
    this.stderrLines = { inc: () => families.stderrLines.inc(base) };
    families.noiseLines.inc(base, 0);
    families.stderrLines.inc(base, 0);
    this.#inFlight = families.inFlight.bind(base);
    this.#methods = new Outcomes(families.requests, families.requestDuration, (method) => ({ ...base, method }));
    this.#tools = new Outcomes(families.toolCalls, families.toolDuration, (tool) => ({ ...base, tool }));
    families.childUp.set(base, 0);
    families.childExpected.set(base, 0);
    for (const reason of RESTART_REASONS) families.restarts.inc({ ...base, reason }, 0);
    for (const outcome of OUTCOMES) families.toolCalls.inc({ ...base, tool: '_other', outcome }, 0);
  }

  /** Names that may be `tool` label values from now on. */
  setTools(names: readonly string[]): void {
    const listed = new Set(names.slice(0, MAX_TOOL_LABELS));
    for (const tool of this.#knownTools) if (!listed.has(tool)) this.#forgetTool(tool);
    for (const tool of listed) if (!this.#knownTools.has(tool)) this.#learnTool(tool);
    this.families.tools.set(this.base, names.length);
  }

  #learnTool(tool: string): void {
    this.#knownTools.add(tool);
    for (const outcome of OUTCOMES) this.families.toolCalls.inc({ ...this.base, tool, outcome }, 0);
  }

  /** A server that renames its tools again and again must not make series without end. */
  #forgetTool(tool: string): void {
    this.#knownTools.delete(tool);
    this.#tools.forget(tool);
    for (const outcome of OUTCOMES) this.families.toolCalls.remove({ ...this.base, tool, outcome });
  }

  requestStarted(): void {
    this.#inFlight.inc();
  }

  /** @param seconds from arrival to outcome */
  requestEnded(method: string, tool: string | undefined, outcome: Outcome, seconds: number, code?: number): void {
    const { base, families } = this;
    this.#inFlight.dec();
    // Anything else that a client sends is no label of its own.
    const methodLabel = REQUESTS.has(method) ? method : '_other';
    this.#methods.of(methodLabel).count(outcome, seconds);
    if (code !== undefined) families.rpcErrors.inc({ ...base, code: codeLabel(code) });
    if (method !== 'tools/call') return;
    this.#tools.of(tool !== undefined && this.#knownTools.has(tool) ? tool : '_other').count(outcome, seconds);
  }

  childStarting(): void {
    this.families.childExpected.inc(this.base);
  }

  childGone(): void {
    this.families.childExpected.dec(this.base);
  }

  childReady(seconds: number): void {
    this.families.childUp.inc(this.base);
    this.families.spawnDuration.observe(this.base, seconds);
  }

  childNotReady(): void {
    this.families.childUp.dec(this.base);
  }

  restarted(reason: string): void {
    this.families.restarts.inc({ ...this.base, reason });
  }

  /** Who waits, and whether anybody may pass. */
  admission({ waiting, breaker }: { waiting: number; breaker: string }): void {
    this.families.queueWaiting.set(this.base, waiting);
    this.families.breakerOpen.set(this.base, breaker === 'open' ? 1 : 0);
  }

  /** @param stage at which it fails, if it does @param all every stage */
  problem(stage: string | undefined, all: readonly string[]): void {
    for (const each of all) this.families.problems.set({ ...this.base, stage: each }, each === stage ? 1 : 0);
  }

  /** How the last deep check ended. */
  checked(ok: boolean, seconds: number): void {
    this.families.checkOk.set(this.base, ok ? 1 : 0);
    this.families.checkDuration.set(this.base, seconds);
  }

  /** What the children use now, as counted from `/proc`. */
  used(census: { processes: number; residentBytes: number; cpuSeconds: number; openFds: number }): void {
    const { base, families } = this;
    families.processes.set(base, census.processes);
    families.residentMemory.set(base, census.residentBytes);
    families.openFds.set(base, census.openFds);
    // A child that has ended takes its time out of the sum. Then nothing is counted until the sum grows again: to
    // count the others' time a second time would look like a burst of work.
    families.cpuSeconds.inc(base, Math.max(0, census.cpuSeconds - this.#cpuSeconds));
    this.#cpuSeconds = census.cpuSeconds;
  }
}

/** The codes that JSON-RPC names and the range that it leaves to servers; a server could make up any number. */
function codeLabel(code: number): string {
  const isKnown = Number.isInteger(code) && ((code >= -32099 && code <= -32000) || (code >= -32603 && code <= -32600) || code === -32700);
  return isKnown ? String(code) : '_other';
}
