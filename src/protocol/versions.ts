/** `legacy`: revisions that begin with an initialize handshake. `modern`: every request stands alone (2026-07-28). */
export type Era = 'legacy' | 'modern';

/** Revisions with an initialize handshake that hearth speaks, oldest first. */
export const HANDSHAKE_VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const;
/** The only revision with batches; what is spoken where nobody says (2025-06-18, transports: protocol version header). */
export const BATCH_VERSION = '2025-03-26';
export const LATEST_HANDSHAKE_VERSION = '2025-11-25';

/** Revisions without a handshake that hearth speaks, oldest first. */
export const STATELESS_VERSIONS: readonly string[] = ['2026-07-28'];
export const LATEST_STATELESS_VERSION = '2026-07-28';

const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function isHandshakeVersion(version: string): boolean {
  return (HANDSHAKE_VERSIONS as readonly string[]).includes(version);
}

/** Whether a revision is of the era without a handshake, known to hearth or not. Revisions are dates, so they compare as text. */
export function isModernRevision(version: string): boolean {
  return DATE.test(version) && version >= '2026-07-28';
}

/**
 * The revision answered to a client's `initialize` (2025-11-25, lifecycle: version negotiation): its own when
 * hearth knows it and the server's is not older, else the server's, or the newest with a handshake where the
 * server speaks none.
 */
export function negotiate(requested: string, served: string): string {
  if (isHandshakeVersion(requested) && requested < served) return requested;
  return isModernRevision(served) ? LATEST_HANDSHAKE_VERSION : served;
}
