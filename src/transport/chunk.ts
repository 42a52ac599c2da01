import type { ServerResponse } from 'node:http';
import { encodingOf } from '../protocol/encoding.js';

/**
 * Writes a part of a response whose head is out. node:http frames a chunk by four writes to its socket, which then leave
 * by a gathering system call; framed here it is one plain write. What cannot be framed here is left to node:http.
 */
export function writeChunk(res: ServerResponse, text: string): void {
  const { socket } = res;
  if (!socket || !res.chunkedEncoding || res.writableCorked > 0) {
    res.write(text);
    return;
  }
  const bytes = Buffer.byteLength(text);
  socket.write(`${bytes.toString(16)}\r\n${text}\r\n`, encodingOf(text, bytes));
}
