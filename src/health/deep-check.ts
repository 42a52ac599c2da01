import { asHearthError } from '../errors.js';
import { isObject, type JsonObject, objectOf, stringOf } from '../protocol/message.js';
import { mapTexts } from '../protocol/texts.js';
import type { CheckCall } from '../router/check-call.js';
import type { Overheard } from './overheard.js';
import type { Problem } from './problem.js';

/** All times in milliseconds. */
export interface DeepCheckSettings extends CheckCall {
  /** Text that the answer has to hold. */
  readonly expect?: string | undefined;
  /** Texts of a failure, or of the server's log meanwhile, that mean: the credentials are wrong. */
  readonly deniedBy: readonly string[];
  readonly interval: number;
}

/** A failed check is made again after this time at the latest, so that an end of the trouble is soon seen. */
const RETRY_MS = 30_000;
const SHOWN = 300;

/** A real call, made now and then, whose last outcome is kept. */
export class DeepCheck {
  #problem: Problem | undefined;
  #checkedAt: number | undefined;
  #tookMs = 0;

  /**
   * @param overheard what of `deniedBy` the server wrote to its log
   * @param url       hearth's own, once it listens
   */
  constructor(
    private readonly settings: DeepCheckSettings,
    private readonly make: (call: CheckCall) => Promise<unknown>,
    private readonly overheard: Overheard,
    private readonly url: () => string,
  ) {}

  /** Whether it has ended once. */
  get settled(): boolean {
    return this.#checkedAt !== undefined;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  get isDue(): boolean {
    const wait = this.#problem ? Math.min(this.settings.interval, RETRY_MS) : this.settings.interval;
    return this.#checkedAt === undefined || performance.now() - this.#checkedAt >= wait;
  }

  /** Makes the call. Never throws: what goes wrong is the outcome. */
  async run(): Promise<void> {
    const { args } = this.settings;
    const start = performance.now();
    let failure: string | undefined;
    try {
      const url = this.url();
      const call = { ...this.settings, args: mapTexts(args, (text) => text.replaceAll('{hearth}', url)) as JsonObject };
      failure = this.#failureOf(textOf(await this.make(call)));
    } catch (error) {
      failure = asHearthError(error).message;
    }
    this.#tookMs = performance.now() - start;
    this.#checkedAt = performance.now();
    this.#problem = failure === undefined ? undefined : this.#problemOf(failure, start);
  }

  #problemOf(failure: string, start: number): Problem {
    const { tool, deniedBy } = this.settings;
    const message = `its check (${tool}) failed: ${failure}`;
    if (deniedBy.some((text) => failure.includes(text))) return { stage: 'credentials', message };
    const heard = this.overheard.since(start);
    return heard === undefined ? { stage: 'check', message } : { stage: 'credentials', message: `${message}; its log says "${heard}"` };
  }

  /** The last outcome no longer counts. */
  forget(): void {
    this.#checkedAt = undefined;
    this.#problem = undefined;
  }

  report(): Record<string, unknown> {
    if (this.#checkedAt === undefined) return { tool: this.settings.tool, ok: null };
    const ageSeconds = Math.round((performance.now() - this.#checkedAt) / 1000);
    return {
      tool: this.settings.tool,
      ok: !this.#problem,
      ageSeconds,
      tookMs: Math.round(this.#tookMs),
      ...(this.#problem && { error: this.#problem.message }),
    };
  }

  get seconds(): number {
    return this.#tookMs / 1000;
  }

  #failureOf({ text, isError }: Answer): string | undefined {
    const { expect } = this.settings;
    if (isError) return text.slice(0, SHOWN) || 'the tool reported an error without a text';
    if (expect === undefined || text.includes(expect)) return undefined;
    return `the answer lacks "${expect}": ${text.slice(0, SHOWN)}`;
  }
}

interface Answer {
  readonly text: string;
  readonly isError: boolean;
}

function textOf(result: unknown): Answer {
  const body = objectOf(result) ?? {};
  const content: unknown = body.content;
  const texts = Array.isArray(content) ? content.flatMap((part) => (isObject(part) ? (stringOf(part.text) ?? []) : [])) : [];
  return { text: texts.join('\n'), isError: body.isError === true };
}
