import { describe, expect, it } from 'vitest';
import { RestartIntensity } from '../../src/supervisor/intensity.js';

describe('RestartIntensity', () => {
  it('allows so many restarts within the window, and not one more', () => {
    const intensity = new RestartIntensity(3, 1_000);
    expect([0, 10, 20, 30].map((now) => intensity.note(now))).toEqual([true, true, true, false]);
  });

  it('forgets restarts that have left the window', () => {
    const intensity = new RestartIntensity(1, 1_000);
    expect([0, 1_000, 1_999, 2_999, 4_000].map((now) => intensity.note(now))).toEqual([true, true, false, true, true]);
  });

  it('forgets all of them when it is reset', () => {
    const intensity = new RestartIntensity(1, 1_000);
    intensity.note(0);
    intensity.reset();
    expect(intensity.note(1)).toBe(true);
    expect(new RestartIntensity(0, 1_000).note(0)).toBe(false);
  });
});
