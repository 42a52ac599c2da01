import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelay } from '../../src/supervisor/backoff.js';
import { verifies } from '../acceptance/requirements.js';

describe('backoffDelay', () => {
  it(verifies(['W5.backoff'], 'doubles with every failure in a row, up to the maximum'), () => {
    expect([1, 2, 3, 4, 5, 60].map((failures) => backoffDelay(failures, 100, 1_000, 0.5))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(backoffDelay(5_000, 100, 1_000, 0.5)).toBe(1_000);
  });

  it('is spread by a fifth to both sides', () => {
    expect(backoffDelay(1, 1_000, 1_000, 0)).toBe(800);
    expect(backoffDelay(1, 1_000, 1_000, 0.999_999)).toBe(1_200);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (failures) => {
        const delay = backoffDelay(failures, 100, 3_000);
        const middle = Math.min(3_000, 100 * 2 ** (failures - 1));
        expect(Math.abs(delay - middle)).toBeLessThanOrEqual(middle * 0.2 + 1);
      }),
    );
  });
});
