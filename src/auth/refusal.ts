import { HearthError } from '../errors.js';

export const FAILURES = ['missing', 'malformed', 'in_query', 'invalid', 'expired', 'token', 'provider', 'limited', 'insufficient_scope'] as const;
/** Why somebody was not let in: for logs and metrics. Clients are told less. `rate` is no failure, but too much of a success. */
export type Failure = (typeof FAILURES)[number] | 'rate';

/** A request that is not let in, with what the log may say of it. */
export class Refusal extends HearthError {
  /**
   * @param error what the client gets
   * @param failure for logs and metrics
   * @param principal name of who it was, where that is known
   * @param retryAfter seconds
   */
  constructor(
    error: HearthError,
    readonly failure: Failure,
    readonly principal?: string,
    readonly retryAfter?: number,
  ) {
    super(error.code, error.message);
  }
}

const MISSING = 'Unauthorized: this needs a key. Send "Authorization: Bearer KEY" or "X-API-Key: KEY".';
const REFUSED = 'Unauthorized: this key or token is not accepted here. Ask whoever runs this hearth for a valid one.';

/** 401, with one text for every reason: a guess must not learn how near it was. */
export function unauthorized(failure: Failure, principal?: string): Refusal {
  return new Refusal(new HearthError('unauthorized', failure === 'missing' ? MISSING : REFUSED), failure, principal);
}

export function outOfScope(what: string, principal: string): Refusal {
  const text = `Forbidden: your key or token does not cover ${what}. Ask whoever runs this hearth for one that does.`;
  return new Refusal(new HearthError('forbidden', text), 'insufficient_scope', principal);
}
