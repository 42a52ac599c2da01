import type { ServerRouter } from '../router/server-router.js';
import type { Log } from '../telemetry/log.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import type { DeepCheck } from './deep-check.js';
import type { Dependencies } from './dependencies.js';
import { type Problem, STAGES } from './problem.js';

export interface ServerHealthOptions {
  readonly router: ServerRouter;
  readonly dependencies: Dependencies;
  readonly check: DeepCheck | undefined;
  /** Fewer tools than this are a fault. */
  readonly minTools: number;
  needs(): string | undefined;
  readonly log: Log;
  readonly metrics: ServerMetrics;
}

/** Time between two looks at whether something is due; looking itself costs nothing. */
const TICK_MS = 250;
const DEPENDENCY_INTERVAL_MS = 10_000;
/** How often they are looked at while something is wrong. */
const DEPENDENCY_RETRY_MS = 2_000;

/**
 * Whether one server does its work, beyond having a child that answers: what it depends on is looked at, and a real call
 * is made, each at its own pace. Who asks gets the last outcome at once.
 */
export class ServerHealth {
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #dependenciesAt: number | undefined;
  #told: string | undefined;
  #wasReady = false;

  constructor(private readonly options: ServerHealthOptions) {}

  start(): void {
    const { dependencies, check, minTools } = this.options;
    if (dependencies.size === 0 && !check && minTools === 0) return; // the child's own state says everything
    this.#timer = setInterval(() => void this.look(), TICK_MS);
    this.#timer.unref();
    void this.look();
  }

  /** Ends the looks; one that is under way is waited for. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** What is wrong now, as far as is known. */
  get problem(): Problem | undefined {
    const { router, dependencies, check, minTools } = this.options;
    const needs = this.options.needs();
    if (needs !== undefined) return { stage: 'credentials', message: needs };
    if (dependencies.problem !== undefined) return { stage: 'dependency', message: `it needs ${dependencies.problem}` };
    if (!router.ready)
      return { stage: router.failure === 'start_failed' ? 'handshake' : 'process', message: router.unavailable()?.message ?? 'it is not ready' };
    const tools = router.catalog.total('tools');
    if (tools < minTools) return { stage: 'tools', message: `it lists ${tools} tools, and at least ${minTools} are expected` };
    if (check && !check.settled) return { stage: 'check', message: 'its first check has not ended yet' };
    return check?.problem;
  }

  /** Whether the first outcome is still to come. */
  get checking(): boolean {
    const { dependencies, check } = this.options;
    return dependencies.problem === undefined && check !== undefined && !check.settled;
  }

  /** Does what is due. One look at a time. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** What was found no longer counts: somebody says that it is mended. */
  forget(): void {
    this.#dependenciesAt = undefined;
    this.options.check?.forget();
  }

  report(): Record<string, unknown> {
    const { dependencies, check } = this.options;
    const { problem } = this;
    return {
      ...(problem && { problem }),
      ...(dependencies.size > 0 && { dependencies: dependencies.report() }),
      ...(check && { check: check.report() }),
    };
  }

  /** Brings the gauges up to date. */
  measure(): void {
    const { metrics, check } = this.options;
    metrics.problem(this.problem?.stage, STAGES);
    if (check?.settled) metrics.checked(check.problem === undefined, check.seconds);
  }

  async #look(): Promise<void> {
    const { router, dependencies, check } = this.options;
    const wait = dependencies.problem === undefined ? DEPENDENCY_INTERVAL_MS : DEPENDENCY_RETRY_MS;
    if (dependencies.size > 0 && (this.#dependenciesAt === undefined || performance.now() - this.#dependenciesAt >= wait)) {
      const before = dependencies.problem;
      await dependencies.look();
      this.#dependenciesAt = performance.now();
      if (before !== dependencies.problem) check?.forget(); // its failure may be the same one, or its success of before
    }
    if (router.ready && !this.#wasReady) check?.forget(); // another child, another outcome
    this.#wasReady = router.ready;
    if (router.ready && dependencies.problem === undefined && check?.isDue) await check.run();
    this.#tell();
  }

  /** Says what has changed, once. A start that is under way is no news. */
  #tell(): void {
    const { problem } = this;
    if (problem && (this.options.router.starting || this.checking)) return;
    const now = problem && `${problem.stage}: ${problem.message}`;
    if (now === this.#told) return;
    if (problem) this.options.log.warn('server_problem', problem.message, { stage: problem.stage });
    else this.options.log.info('server_well', 'it does its work');
    this.#told = now;
  }
}
