import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceMessage } from 'eventsource-parser';

const BLANK_LINE_AT_END = /(?:\n\n|\r\r|\r\n\r\n)$/;

/**
 * Reads server-sent events until the stream ends, however it ends.
 * @param limit longest event, in bytes; the stream is cut there
 * @returns false if it was cut
 */
export async function readEvents(response: IncomingMessage, limit: number, onEvent: (event: EventSourceMessage) => void): Promise<boolean> {
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
      const text = decoder.write(chunk);
      parser.feed(text);
      if (BLANK_LINE_AT_END.test(text)) sinceEvent = 0; // also after comments, which are no events
      if (sinceEvent > limit + 1024) return false; // which ends the response too
    }
  } catch {
    // A reset connection is one way for a stream to end.
  }
  return true;
}
