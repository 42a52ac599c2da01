import { HearthError, reasonOf } from '../errors.js';
import { type Message, objectOf, parseMessage } from '../protocol/message.js';
import type { Redactor } from '../telemetry/redactor.js';
import type { ClosedReason, Connect, Upstream } from './upstream.js';

/**
 * Takes secrets out of what an upstream says about its failures: reasons, last words, refusals, and JSON-RPC errors. Its
 * results and notifications are its own and pass as they are.
 *
 * @param secrets of this upstream alone (a client's credentials); known to the redactor while the upstream lives
 */
export function redacted(connect: Connect, redactor: Redactor, secrets: Readonly<Record<string, string>> = {}): Connect {
  return (handlers) => {
    const forget = Object.entries(secrets).map(([name, value]) => redactor.add(name, value));
    const forgetAll = (): void => {
      for (const one of forget) one();
    };
    let upstream: Upstream;
    try {
      upstream = connect({
        ...handlers,
        onMessage: (message) => handlers.onMessage(ofMessage(message, redactor)),
        onRefused: (id, error) => handlers.onRefused(id, ofError(error, redactor)),
        onClosed: (reason) => handlers.onClosed(ofReason(reason, redactor)),
      });
    } catch (error) {
      const clean = error instanceof HearthError ? ofError(error, redactor) : new Error(redactor.text(reasonOf(error)));
      forgetAll(); // nobody can close what was never opened
      throw clean;
    }
    return {
      get pid() {
        return upstream.pid;
      },
      send(raw) {
        try {
          upstream.send(raw);
        } catch (error) {
          throw error instanceof HearthError ? ofError(error, redactor) : error;
        }
      },
      // Its owner closes every upstream, failed ones too; until it is gone it may print what it knows.
      close: () => upstream.close().finally(forgetAll),
    };
  };
}

function ofMessage(message: Message, redactor: Redactor): Message {
  const error = message.kind === 'response' ? objectOf(message.body.error) : undefined;
  if (!error) return message;
  const clean = JSON.stringify({ ...message.body, error: redactor.deep(error) });
  return clean === JSON.stringify(message.body) ? message : parseMessage(clean);
}

function ofError(error: HearthError, { text }: Redactor): HearthError {
  const clean = text(error.message);
  return clean === error.message ? error : new HearthError(error.code, clean, error.server);
}

function ofReason({ kind, text, lastWords }: ClosedReason, redactor: Redactor): ClosedReason {
  return { kind, text: redactor.text(text), lastWords: lastWords && redactor.text(lastWords) };
}
