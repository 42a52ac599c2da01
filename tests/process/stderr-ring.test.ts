import { describe, expect, it } from 'vitest';
import { StderrRing } from '../../src/process/stderr-ring.js';

describe('StderrRing', () => {
  it('keeps the last lines only', () => {
    const ring = new StderrRing(3);
    for (let n = 1; n <= 5; n++) ring.push(`line ${n}`);
    expect(ring.lines()).toEqual(['line 3', 'line 4', 'line 5']);
  });

  it('cuts wide lines and marks the cut', () => {
    const ring = new StderrRing(3, 5);
    ring.push('12345');
    ring.push('123456');
    expect(ring.lines()).toEqual(['12345', '12345…']);
    const usual = new StderrRing(1);
    usual.push('x'.repeat(1_000_000));
    expect(usual.last()?.length).toBeLessThan(3_000);
  });

  it('gives the last line that says something', () => {
    const ring = new StderrRing(5);
    expect(ring.last()).toBeUndefined();
    ring.push('  ');
    expect(ring.last()).toBeUndefined();
    ring.push('Error: no token');
    ring.push('');
    expect(ring.last()).toBe('Error: no token');
  });

  it('keeps nothing when it may not', () => {
    const ring = new StderrRing(0);
    ring.push('x');
    expect(ring.lines()).toEqual([]);
  });
});
