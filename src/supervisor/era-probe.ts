import { HearthError } from '../errors.js';
import { type JsonObject, type Message, objectOf } from '../protocol/message.js';
import type { Connect, Upstream } from '../upstream/upstream.js';
import { enveloped, envelopeFrom, supportedVersion } from './handshake.js';
import { OwnRequests } from './own-requests.js';

/**
 * Whether a server also speaks the modern era, asked of a child that is thrown away: some servers end, or never answer
 * again, after a first request that they do not know (2026-07-28, stdio: backward compatibility).
 *
 * @param params  of `initialize`: who hearth is
 * @param limitMs time for the answer, from the start of the child
 * @param onClosing told of the end of the child, which may take longer than the answer
 */
export async function speaksModern(
  connect: Connect,
  params: JsonObject,
  limitMs: number,
  onClosing: (closed: Promise<void>) => void,
): Promise<boolean> {
  let upstream: Upstream | undefined;
  const own = new OwnRequests(
    (raw) => upstream?.send(raw),
    () => 1,
  );
  const gone = (): void => own.fail(new HearthError('child_exited', 'the server has ended'));
  const settle = (message: Message): boolean => message.kind === 'response' && own.settle(message);
  try {
    upstream = connect({ onMessage: settle, onOversized: gone, onUndelivered: gone, onRefused: gone, onClosed: gone });
    const found = await own.ask('server/discover', enveloped(undefined, envelopeFrom(params)), limitMs);
    return supportedVersion(objectOf(found)) !== undefined;
  } catch {
    return false;
  } finally {
    if (upstream) onClosing(upstream.close());
  }
}
