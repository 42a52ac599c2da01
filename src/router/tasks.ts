import { HearthError } from '../errors.js';
import {
  isObject,
  type JsonObject,
  type NotificationMessage,
  objectOf,
  type RequestMessage,
  type ResponseMessage,
  stringOf,
} from '../protocol/message.js';
import type { Caller } from './router.js';

/** Tasks remembered for one server; the oldest go first. */
const MAX_TASKS = 10_000;

/**
 * Whose the tasks of a shared server are (2025-11-25, tasks: security). A server that serves one connection has no way
 * to tell its clients apart, so hearth does: nobody sees, reads or ends another's task.
 */
export class Tasks {
  readonly #owners = new Map<string, Caller>();

  /** Whether a request asks for a task in place of its result. */
  static isAugmented({ params }: RequestMessage): boolean {
    return isObject(params?.task);
  }

  /** The server has made a task for a caller. */
  created(caller: Caller, { body }: ResponseMessage): void {
    const id = stringOf(objectOf(objectOf(body.result)?.task)?.taskId);
    if (id === undefined) return; // it answered at once instead
    this.#owners.set(id, caller);
    const [oldest] = this.#owners.keys();
    if (this.#owners.size > MAX_TASKS && oldest !== undefined) this.#owners.delete(oldest);
  }

  /** Why a caller may not ask for a task; undefined if it may. */
  refusal(caller: Caller, { params }: RequestMessage): HearthError | undefined {
    const id = stringOf(params?.taskId);
    if (id !== undefined && this.#owners.get(id) === caller) return undefined;
    return new HearthError('invalid_params', `Invalid params: this session has no task ${JSON.stringify(id ?? '')}.`);
  }

  /** The result of `tasks/list` with what is the caller's own. */
  own(caller: Caller, result: JsonObject): JsonObject {
    const tasks: unknown[] = Array.isArray(result.tasks) ? result.tasks : [];
    return { ...result, tasks: tasks.filter((task) => this.#owners.get(stringOf(objectOf(task)?.taskId) ?? '') === caller) };
  }

  /** The owner of the task that a message of the server is about, if it is about one. */
  ownerOf({ params }: RequestMessage | NotificationMessage): Caller | undefined {
    const related = objectOf(objectOf(params?._meta)?.['io.modelcontextprotocol/related-task']);
    return this.#owners.get(stringOf(related?.taskId) ?? stringOf(params?.taskId) ?? '');
  }

  /** The caller is gone. @returns its tasks, which nobody can ask for any more */
  release(caller: Caller): string[] {
    const ids = [...this.#owners].filter(([, owner]) => owner === caller).map(([id]) => id);
    for (const id of ids) this.#owners.delete(id);
    return ids;
  }

  /** The server has ended, and its tasks with it. */
  clear(): void {
    this.#owners.clear();
  }
}
