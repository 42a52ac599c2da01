/** Revisions with an initialize handshake that hearth speaks, oldest first. */
export const HANDSHAKE_VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const;
export const LATEST_HANDSHAKE_VERSION = '2025-11-25';

export function isHandshakeVersion(version: string): boolean {
  return (HANDSHAKE_VERSIONS as readonly string[]).includes(version);
}

/**
 * The revision answered to a client's `initialize` (2025-11-25, lifecycle: version negotiation): its own when
 * hearth knows it and the server's is not older, else the server's. Revisions are dates, so they compare as text.
 */
export function negotiate(requested: string, served: string): string {
  return isHandshakeVersion(requested) && requested < served ? requested : served;
}
