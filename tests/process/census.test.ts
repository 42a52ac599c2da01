import { describe, expect, it } from 'vitest';
import { censusOf } from '../../src/process/census.js';
import { until } from '../support/app.js';
import { type Started, shell, tree } from './support.js';

const NOTHING = { processes: 0, residentBytes: 0, cpuSeconds: 0, openFds: 0 };
const pidOf = (run: Started): number => run.child.pid ?? Number.NaN;

describe('censusOf', () => {
  it('is zero without leaders, and for one that does not exist', async () => {
    expect(await censusOf([])).toEqual(NOTHING);
    expect(await censusOf([2 ** 30])).toEqual(NOTHING);
  });

  it('counts the group of a child: processes, memory and descriptors', async () => {
    const { started } = await tree(['child', 'setsid']);
    await using run = started;
    const census = await censusOf([pidOf(run)]);
    expect(census.processes).toBe(2); // what has left the group is not counted
    expect(census.residentBytes).toBeGreaterThan(10_000_000);
    expect(census.openFds).toBeGreaterThan(6);
    expect(census.cpuSeconds).toBeGreaterThan(0);
  });

  it('adds up several children, and the time they compute', async () => {
    await using one = shell('while :; do :; done', { stop: { eofMs: 1, termMs: 5_000 } });
    await using two = shell('exec sleep 60', { stop: { eofMs: 1, termMs: 5_000 } });
    const leaders = [pidOf(one), pidOf(two)];
    expect((await censusOf(leaders)).processes).toBe(2);
    await until(async () => (await censusOf(leaders)).cpuSeconds > 0.05);
  });
});
