import { messageOf, ToolFault } from '../shared/faults.js';
import type { Endpoint } from './settings.js';

/** A part of too many words to be taken out of a text, and keeps nobody out. */
const MIN_SECRET = 4;
/** In what others answer, only what cannot be a word or a name by chance. */
const MIN_SECRET_IN_ANSWER = 8;
const CREDENTIALS_IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"'\\]+@/gi;
const SHOWN_OF_ERROR = 300;

export type Query = Readonly<Record<string, string | readonly string[] | number | boolean | undefined>>;

export interface Reply {
  readonly status: number;
  readonly body: Buffer;
  readonly truncated: boolean;
}

interface Limits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly secrets: readonly string[];
}

/** GET requests with a time limit and a size cap. What they say of failures holds no credentials. */
export class Requests {
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Takes known secrets, and credentials in any URL, out of a text. */
  redact = (text: string): string => this.#without(text, MIN_SECRET);

  /** @throws ToolFault unless the answer is JSON with one of `statuses` */
  async json(endpoint: Endpoint, path: string, query: Query = {}, statuses: readonly number[] = [200]): Promise<unknown> {
    const text = await this.text(endpoint, path, query, statuses);
    try {
      return JSON.parse(text);
    } catch {
      throw new ToolFault(`${endpoint.label}${path} did not answer with JSON. Is the URL right?`);
    }
  }

  /** @throws ToolFault unless the answer has one of `statuses` */
  async text(endpoint: Endpoint, path: string, query: Query = {}, statuses: readonly number[] = [200]): Promise<string> {
    const { status, body, truncated } = await this.get(endpoint, path, query);
    if (!statuses.includes(status)) throw this.refusal(endpoint, path, status, body);
    if (truncated) throw new ToolFault(`${endpoint.label}${path} answered with more than ${this.#limits.maxBytes} bytes. Ask for less.`);
    return this.clean(body.toString('utf8'));
  }

  /** Takes secrets out of what somebody else wrote. */
  clean(text: string): string {
    return this.#without(text, MIN_SECRET_IN_ANSWER);
  }

  /** @throws ToolFault when there is no answer in time; a body past the cap is cut off */
  async get(endpoint: Endpoint, path: string, query: Query = {}): Promise<Reply> {
    const url = new URL(`${endpoint.base}${path}`);
    for (const [key, value] of Object.entries(query)) {
      for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) url.searchParams.append(key, String(each));
    }
    const signal = AbortSignal.timeout(this.#limits.timeoutMs);
    try {
      // A redirect could lead anywhere, with the credentials.
      const response = await fetch(url, { headers: endpoint.headers, redirect: 'manual', signal });
      const { body, truncated } = await this.#read(response);
      return { status: response.status, body, truncated };
    } catch (error) {
      const why = signal.aborted ? `no answer within ${this.#limits.timeoutMs / 1000} s` : reasonOf(error);
      throw new ToolFault(this.redact(`${endpoint.label}${path} cannot be reached: ${why}.`));
    }
  }

  /** What an answer with a status that was not wanted means. */
  refusal(endpoint: Endpoint, path: string, status: number, body: Buffer): ToolFault {
    const said = body.toString('utf8', 0, 4 * SHOWN_OF_ERROR);
    const reason = errorIn(said) ?? said.slice(0, SHOWN_OF_ERROR).trim();
    const advice = status === 401 || status === 403 ? ' Its credentials or permissions do not allow this.' : '';
    return new ToolFault(this.redact(`${endpoint.label}${path} answered ${status}${reason && `: ${reason}`}.${advice}`));
  }

  async #read(response: Response): Promise<{ body: Buffer; truncated: boolean }> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      const room = this.#limits.maxBytes - size;
      chunks.push(chunk.subarray(0, room));
      size += chunk.length;
      if (chunk.length > room) return { body: Buffer.concat(chunks), truncated: true };
    }
    return { body: Buffer.concat(chunks), truncated: false };
  }

  #without(text: string, minLength: number): string {
    const known = this.#limits.secrets.filter((secret) => secret.length >= minLength);
    return known.reduce((rest, secret) => rest.replaceAll(secret, '***'), text.replace(CREDENTIALS_IN_URL, '$1***@'));
  }
}

/** fetch hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return messageOf(cause) || 'the connection failed';
}

/** The reason in a JSON error: Prometheus and Loki call it error, Docker and hearth message. */
function errorIn(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'string') return parsed;
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { error, message } = parsed as { error?: unknown; message?: unknown };
    if (typeof error === 'string') return error;
    if (typeof message === 'string') return message;
    return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : undefined;
  } catch {
    return undefined;
  }
}
