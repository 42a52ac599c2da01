/**
 * Every error that hearth itself gives to a client. JSON-RPC codes of our own stay within -32000..-32019
 * (the range the specification leaves to implementations; -32002 is avoided because MCP uses it for an
 * unknown resource). -32020 to -32022 mean what revision 2026-07-28 says.
 */
const TABLE = {
  parse: { rpc: -32700, http: 400, retryable: false },
  invalid_request: { rpc: -32600, http: 400, retryable: false },
  method_not_found: { rpc: -32601, http: 404, retryable: false },
  invalid_params: { rpc: -32602, http: 400, retryable: false },
  internal: { rpc: -32603, http: 500, retryable: false },
  child_exited: { rpc: -32000, http: 502, retryable: true },
  session_not_found: { rpc: -32001, http: 404, retryable: false },
  unavailable: { rpc: -32003, http: 503, retryable: true },
  timeout: { rpc: -32004, http: 504, retryable: true },
  overloaded: { rpc: -32005, http: 503, retryable: true },
  too_large: { rpc: -32006, http: 413, retryable: false },
  unattributable: { rpc: -32007, http: 409, retryable: false },
  client_gone: { rpc: -32008, http: 499, retryable: false },
  forbidden: { rpc: -32009, http: 403, retryable: false },
  draining: { rpc: -32010, http: 503, retryable: true },
  not_acceptable: { rpc: -32011, http: 406, retryable: false },
  unsupported_media: { rpc: -32012, http: 415, retryable: false },
  method_not_allowed: { rpc: -32013, http: 405, retryable: false },
  not_found: { rpc: -32014, http: 404, retryable: false },
  breaker_open: { rpc: -32015, http: 503, retryable: true },
  unauthorized: { rpc: -32016, http: 401, retryable: false },
  rate_limited: { rpc: -32017, http: 429, retryable: true },
  call_failed: { rpc: -32018, http: 502, retryable: false },
  header_mismatch: { rpc: -32020, http: 400, retryable: false },
  missing_capability: { rpc: -32021, http: 400, retryable: false },
  unsupported_version: { rpc: -32022, http: 400, retryable: false },
} as const;

export type ErrorCode = keyof typeof TABLE;

/** An error whose text is safe to show to a client: it says what happened and what to do next. */
export class HearthError extends Error {
  readonly rpc: number;
  readonly http: number;
  readonly retryable: boolean;

  /**
   * @param code   key of the error table
   * @param detail client-safe sentence
   * @param server name of the MCP server concerned, where there is one
   * @param details what the specification wants under `data` for this error
   */
  constructor(
    readonly code: ErrorCode,
    detail: string,
    readonly server?: string,
    private readonly details?: Readonly<Record<string, unknown>>,
  ) {
    super(detail);
    this.name = 'HearthError';
    ({ rpc: this.rpc, http: this.http, retryable: this.retryable } = TABLE[code]);
  }

  /** The JSON-RPC error object, with a machine-readable reason under `data.hearth`. */
  toObject(): { code: number; message: string; data: Record<string, unknown> } {
    const data = { ...this.details, hearth: this.code, retryable: this.retryable, ...(this.server && { server: this.server }) };
    return { code: this.rpc, message: this.message, data };
  }
}

/** Whatever was thrown, as a HearthError; the text of an unknown error stays in the log and out of replies. */
export function asHearthError(thrown: unknown): HearthError {
  if (thrown instanceof HearthError) return thrown;
  return new HearthError('internal', 'Internal error in hearth; its log has the details.');
}

/** A JSON-RPC error response for a request id (null when the id is unknown), on one line. */
export function errorReply(id: string | number | null, error: HearthError): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: error.toObject() });
}

/** Why something failed, in one line, from any thrown value. For logs, not for clients. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
