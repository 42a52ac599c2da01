import { reasonOf } from '../errors.js';
import type { FoundServer } from './inspect.js';

const LIMIT_MS = 3_000;

/** Why a server cannot be reached the way LiteLLM would; undefined if it can. Whether a key fits is not asked. */
export async function unreachable({ url, transport }: FoundServer): Promise<string | undefined> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error(`no answer within ${LIMIT_MS / 1_000} s`)), LIMIT_MS);
  try {
    const response = await fetch(url, transport === 'sse' ? sse(abort.signal) : initialize(abort.signal));
    if (response.status === 401 || response.status === 403) return undefined; // it is there
    const type = response.headers.get('content-type') ?? '';
    if (!response.ok) return `HTTP ${response.status}`;
    return transport === 'sse' && !type.startsWith('text/event-stream') ? `answers with ${type || 'nothing'}, not with an event stream` : undefined;
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    return reasonOf(cause ?? error);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

function sse(signal: AbortSignal): RequestInit {
  return { headers: { accept: 'text/event-stream' }, signal };
}

function initialize(signal: AbortSignal): RequestInit {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'hearth-doctor', version: '1' } };
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  return { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }), signal };
}
