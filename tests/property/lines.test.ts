import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HearthError } from '../../src/errors.js';
import { LineFramer } from '../../src/protocol/framer.js';
import { parseMessage } from '../../src/protocol/message.js';
import { LineInspector, type OversizedLine } from '../../src/protocol/oversized.js';

const LIMIT = 64;
/** Time for each property, so that a slow machine tries less and not longer. */
const TIMED = { numRuns: 20_000, interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false };

const jsonish = fc.string({
  unit: fc.constantFrom(...'{}[]":,\\ \n\r\t01-.e', 'id', 'method', 'result', '"id"', '"jsonrpc":"2.0"', 'é', '🙂', '\u2028'),
});
const bytes = fc.oneof(fc.uint8Array({ maxLength: 400 }), jsonish.map(encode), fc.json({ maxDepth: 3 }).map(encode));
const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 });

function encode(text: string): Uint8Array {
  return Buffer.from(text);
}

function chunksOf(all: Uint8Array, at: readonly number[]): Buffer[] {
  const borders = [0, ...at.map((cut) => cut % (all.length + 1)), all.length].sort((a, b) => a - b);
  return borders.slice(1).map((border, n) => Buffer.from(all.subarray(borders[n], border)));
}

/** What comes out of a stream of bytes, and the most that was held meanwhile. */
function framed(chunks: readonly Buffer[]): { lines: string[]; oversized: OversizedLine[]; held: number } {
  const [lines, oversized]: [string[], OversizedLine[]] = [[], []];
  const framer = new LineFramer(LIMIT, { onLine: (line) => lines.push(line), onOversized: (line) => oversized.push(line) });
  let held = 0;
  for (const chunk of chunks) {
    framer.push(chunk);
    held = Math.max(held, framer.held);
  }
  framer.end();
  return { lines, oversized, held: Math.max(held, framer.held * 1_000) };
}

describe('arbitrary bytes from a server', () => {
  it('give the same lines wherever they are cut, and never more is held than the limit', () => {
    fc.assert(
      fc.property(bytes, cuts, (all, at) => {
        const { lines, oversized, held } = framed(chunksOf(all, at));
        expect({ lines, oversized }).toEqual((({ held: _, ...whole }) => whole)(framed([Buffer.from(all)])));
        expect(held).toBeLessThanOrEqual(LIMIT);
        for (const line of lines) expect(line).not.toContain('\n');
        for (const { bytes: size } of oversized) expect(size).toBeGreaterThan(LIMIT);
      }),
      TIMED,
    );
  });

  it('are a message or a HearthError, line by line, and never anything else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          bytes,
          fc.jsonValue().map((value) => encode(JSON.stringify(value))),
        ),
        (all) => {
          try {
            expect(['request', 'notification', 'response']).toContain(parseMessage(Buffer.from(all).toString('utf8')).kind);
          } catch (error) {
            expect(error).toBeInstanceOf(HearthError);
          }
        },
      ),
      TIMED,
    );
  });

  it('never confuse the inspector of long lines, which learns of any message what parsing it would tell', () => {
    const key = fc.oneof(fc.constantFrom('id', 'method', 'result', 'params', '__proto__', 'i\\d', 'ID'), fc.string());
    const id = fc.oneof(fc.integer(), fc.string({ unit: 'grapheme', maxLength: 40 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), id);
    const message = fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 6 });
    fc.assert(
      fc.property(message, cuts, fc.constantFrom(0, 2), (members, at, indent) => {
        const body = Object.fromEntries(members.map(([name, member]) => [name, name === 'id' && typeof member === 'object' ? 1 : member]));
        const text = Buffer.from(JSON.stringify(body, null, indent));
        const inspector = new LineInspector();
        for (const chunk of chunksOf(text, at)) inspector.push(chunk);
        const parsed = JSON.parse(text.toString()) as Record<string, unknown>;
        const known = typeof parsed.id === 'string' || typeof parsed.id === 'number' ? parsed.id : undefined;
        expect(inspector.result()).toEqual({ bytes: text.length, id: known, hasMethod: Object.hasOwn(parsed, 'method') });
      }),
      TIMED,
    );
  });

  it('keep the inspector going, whatever they are', () => {
    fc.assert(
      fc.property(bytes, (all) => {
        const inspector = new LineInspector();
        inspector.push(Buffer.from(all));
        const { id, bytes: size } = inspector.result();
        expect(size).toBe(all.length);
        expect(['undefined', 'string', 'number']).toContain(typeof id);
      }),
      TIMED,
    );
  });
});
