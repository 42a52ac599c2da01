import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceMessage } from 'eventsource-parser';

/**
 * Reads server-sent events until the stream ends, however it ends.
 * @param limit longest event, in bytes; the stream is cut there
 */
export async function readEvents(response: IncomingMessage, limit: number, onEvent: (event: EventSourceMessage) => void): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let sinceEvent = 0;
  const parser = createParser({
    onEvent: (event) => {
      sinceEvent = 0;
      onEvent(event);
    },
  });
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sinceEvent += chunk.length;
      parser.feed(decoder.write(chunk));
      if (sinceEvent > limit + 1024) response.destroy();
    }
  } catch {
    // A reset connection is one way for a stream to end.
  }
}
