import { HearthError } from '../errors.js';
import type { JsonObject } from '../protocol/message.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type { Children } from './children.js';
import type { LinkFactory } from './link-factory.js';

/** A tool call of hearth's own that shows whether a server does its work. */
export interface CheckCall {
  readonly tool: string;
  readonly args: JsonObject;
  /** Whether it gets a process of its own. */
  readonly ownProcess: boolean;
  /** Of that process. */
  readonly extraArgs: readonly string[];
  /** Longest time of the call, in milliseconds. */
  readonly timeout: number;
}

/** Makes the call beside those of the clients: it waits in no queue, and neither breaker nor statistics of tools count it. */
export class CheckCalls {
  readonly #current = new Set<Supervisor>();
  #stopped = false;

  /**
   * @param isApart  whether no child is there to be asked, so that every call needs one of its own
   * @param children those of the clients
   */
  constructor(
    private readonly isApart: boolean,
    private readonly children: Children,
    private readonly factory: LinkFactory,
  ) {}

  /** @returns the result of `tools/call` @throws HearthError when there is none */
  async make({ tool, args, ownProcess, extraArgs, timeout }: CheckCall): Promise<unknown> {
    const params = { name: tool, arguments: args };
    if (!ownProcess && !this.isApart) {
      const ready = this.children.all().find(({ supervisor }) => supervisor.state === 'ready');
      if (!ready) throw new HearthError('unavailable', 'no child is ready');
      return ready.supervisor.ask('tools/call', params, timeout);
    }
    if (this.#stopped) throw new HearthError('draining', 'hearth is shutting down');
    const supervisor = this.factory.apart(extraArgs);
    this.#current.add(supervisor);
    try {
      await supervisor.whenReady();
      return await supervisor.ask('tools/call', params, timeout);
    } finally {
      await supervisor.stop();
      this.#current.delete(supervisor);
    }
  }

  /** Ends calls that have a child of their own, and that child. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#current].map((supervisor) => supervisor.stop()));
  }
}
