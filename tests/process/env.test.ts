import { delimiter } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEnv, MARKER } from '../../src/process/env.js';

const NONE = { set: {}, pass: [], marker: 'm', extraPath: [] };

describe('childEnv', () => {
  it('hands down what a program needs to run, and no secret', () => {
    const own = { PATH: '/bin', HOME: '/h', LC_ALL: 'C', XDG_CACHE_HOME: '/c', https_proxy: 'p', GITHUB_TOKEN: 's', DATABASE_URL: 's', LC: 'no' };
    expect(childEnv(own, NONE)).toEqual({ PATH: '/bin', HOME: '/h', LC_ALL: 'C', XDG_CACHE_HOME: '/c', https_proxy: 'p', [MARKER]: 'm' });
  });

  it('hands down further names that are asked for, when they are set', () => {
    const env = childEnv(
      { GITHUB_TOKEN: 't', EMPTY: '', GONE: undefined, OTHER: 'o' },
      { ...NONE, pass: ['GITHUB_TOKEN', 'EMPTY', 'GONE', 'NEVER'] },
    );
    expect(env).toEqual({ GITHUB_TOKEN: 't', EMPTY: '', PATH: '', [MARKER]: 'm' });
  });

  it('lets the config win, except over the marker', () => {
    const env = childEnv({ PATH: '/bin', HOME: '/h' }, { ...NONE, set: { HOME: '/other', NEW: '1', [MARKER]: 'forged' }, marker: 'real' });
    expect(env).toEqual({ PATH: '/bin', HOME: '/other', NEW: '1', [MARKER]: 'real' });
  });

  it("puts hearth's own programs at the end of PATH", () => {
    expect(childEnv({ PATH: '/bin' }, { ...NONE, extraPath: ['/a', '/b'] }).PATH).toBe(['/bin', '/a', '/b'].join(delimiter));
    expect(childEnv({}, { ...NONE, extraPath: ['/a'] }).PATH).toBe('/a');
    expect(childEnv({ PATH: '/bin' }, { ...NONE, extraPath: ['/a'], set: { PATH: '/mine' } }).PATH).toBe('/mine');
  });
});
