import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineFramer } from '../../src/protocol/framer.js';
import type { OversizedLine } from '../../src/protocol/oversized.js';
import { verifies } from '../acceptance/requirements.js';

function framer(limit = 1_000_000) {
  const lines: string[] = [];
  const oversized: OversizedLine[] = [];
  const it = new LineFramer(limit, { onLine: (line) => lines.push(line), onOversized: (line) => oversized.push(line) });
  return { it, lines, oversized, push: (text: string) => it.push(Buffer.from(text)) };
}

describe('LineFramer', () => {
  it('gives each line of a chunk, and joins lines over many chunks', () => {
    const { push, lines } = framer();
    push('one\ntwo\nth');
    push('r');
    push('ee\n');
    expect(lines).toEqual(['one', 'two', 'three']);
  });

  it(verifies(['W2.framing'], 'keeps characters whole wherever the bytes are cut'), () => {
    const text = '{"t":"é漢🙂\u2028\u2029"}';
    const bytes = Buffer.from(`${text}\n`);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { it: framed, lines } = framer();
      framed.push(bytes.subarray(0, cut));
      framed.push(bytes.subarray(cut));
      expect(lines, `cut at ${cut}`).toEqual([text]);
    }
    const single = framer();
    for (const byte of bytes) single.it.push(Buffer.from([byte]));
    expect(single.lines).toEqual([text]);
  });

  it('drops the CR of CRLF, also when they come apart, and no other CR', () => {
    const { push, lines } = framer();
    push('a\r\nb\r');
    push('\nc\rd\n');
    expect(lines).toEqual(['a', 'b', 'c\rd']);
  });

  it('says nothing of blank lines', () => {
    const { push, lines } = framer();
    push('\n\r\n  \t\n');
    push('\n\nx\n');
    expect(lines).toEqual(['x']);
  });

  it('holds nothing for a stream of nothing but line ends', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { it: framed } = framer();
    const used = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    for (let n = 0; n < 500; n++) framed.push(Buffer.alloc(1_000, '\n'));
    expect(used() - before).toBeLessThan(10_000_000);
    expect(framed.held).toBe(0);
  });

  it('counts a last line without LF when the stream ends, once', () => {
    const { it: framed, push, lines } = framer();
    push('first\nlast');
    expect(framed.held).toBe(4);
    framed.end();
    framed.end();
    expect(lines).toEqual(['first', 'last']);
    expect(framed.held).toBe(0);
  });

  it('takes a line of exactly the limit, and reports one byte more without keeping it', () => {
    const { it: framed, push, lines, oversized } = framer(20);
    push(`${'a'.repeat(20)}\n`);
    push(`{"id":7,"result":"${'b'.repeat(50)}`);
    expect(framed.held).toBe(0);
    push('"}\nafter\n');
    expect(lines).toEqual(['a'.repeat(20), 'after']);
    expect(oversized).toEqual([{ bytes: 70, id: 7, hasMethod: false }]);
  });

  it('reports an oversized line that comes in pieces, and one that the stream ends in', () => {
    const { it: framed, push, oversized } = framer(8);
    push('{"method"');
    push(':"tools/call","id":"x"');
    push('}\n{"id":3,"resu');
    framed.end();
    expect(oversized).toEqual([
      { bytes: 32, id: 'x', hasMethod: true },
      { bytes: 13, id: 3, hasMethod: false },
    ]);
  });

  it('is linear in size: 64 MiB in chunks of 64 KiB', () => {
    const { it: framed, push, lines } = framer(128 * 1024 * 1024);
    const chunk = Buffer.alloc(64 * 1024, 'x');
    for (let n = 0; n < 1024; n++) framed.push(chunk);
    push('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toHaveLength(64 * 1024 * 1024);
  });

  it('gives any list of JSON lines, cut at any borders, as it was', () => {
    const jsonLines = fc.array(fc.json({ stringUnit: 'grapheme' }), { maxLength: 20 });
    const lineEnd = fc.constantFrom('\n', '\r\n', '\n\n');
    fc.assert(
      fc.property(jsonLines, lineEnd, fc.array(fc.nat(), { maxLength: 30 }), fc.boolean(), (expected, end, cuts, ended) => {
        const bytes = Buffer.from(expected.join(end) + (ended ? end : ''));
        const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        const { it: framed, lines } = framer();
        for (let n = 1; n < borders.length; n++) framed.push(bytes.subarray(borders[n - 1], borders[n]));
        framed.end();
        expect(lines).toEqual(expected);
      }),
    );
  });
});
