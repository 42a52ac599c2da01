import { Writable } from 'node:stream';
import { createLog, type Log, type LogLevel } from '../../src/telemetry/log.js';
import { Redactor } from '../../src/telemetry/redactor.js';
import type { Json } from './raw-client.js';

/** A real log in JSON, and the records that it has written. */
export function recordedLog(level: LogLevel = 'info', redactor = new Redactor()): { log: Log; records: Json[]; text(): string } {
  const records: Json[] = [];
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      for (const line of chunk.toString().split('\n').filter(Boolean)) records.push(JSON.parse(line) as Json);
      done();
    },
  });
  return { log: createLog(level, 'json', stream, redactor), records, text: () => text };
}
