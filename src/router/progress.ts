import type { Pending } from './pending.js';

/** Small enough that the server's own next value is still larger (progress must increase). */
const STEP = 1e-6;

/**
 * Signs of life for requests whose server is silent: some clients count only progress notifications, not stream
 * comments, when they decide that a call is dead. Only for requests that asked for progress.
 */
export function keepAlive(requests: Iterable<Pending>, intervalMs: number): void {
  const now = performance.now();
  for (const pending of requests) {
    if (pending.token === undefined || now - pending.heardAt < intervalMs) continue;
    pending.heardAt = now;
    pending.progress += STEP;
    const params = `{"progressToken":${pending.token},"progress":${pending.progress},"message":"still working"}`;
    pending.exchange.send(`{"jsonrpc":"2.0","method":"notifications/progress","params":${params}}`);
  }
}
