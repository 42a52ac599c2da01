import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { treeOf } from '../../src/process/descendants.js';
import { MARKER } from '../../src/process/env.js';
import { until } from '../support/app.js';
import { shell, tree } from './support.js';

describe('treeOf', () => {
  it('finds group, session, and marked strays, without the leader', async () => {
    const marker = '11111111-2222-3333-4444-555555555555';
    const { started, pids } = await tree(['child', 'setsid', 'double-fork']);
    await using run = started;
    const leader = run.child.pid ?? Number.NaN;
    // by kinship: this marker is nobody's, and a double-forked process has no parent here
    expect((await treeOf(leader, marker)).sort()).toEqual(pids.slice(0, 2).sort());
  });

  it('finds a double-forked stray by its marker', async () => {
    const { started, pids } = await tree(['double-fork', 'stray-ignores-term']);
    await using run = started;
    const environ = readFileSync(`/proc/${run.child.pid}/environ`, 'latin1').split('\0');
    const marker = environ.find((entry) => entry.startsWith(`${MARKER}=`))?.slice(MARKER.length + 1) ?? '';
    expect(await treeOf(2 ** 30, marker)).toEqual(expect.arrayContaining(pids));
  });

  it('does not count zombies, nor the process that asks', async () => {
    // `true` stays a zombie: exec makes sleep its parent, which never waits for it
    await using run = shell('true & echo $!; exec sleep 60', { stop: { eofMs: 1, termMs: 5_000 } });
    await run.untilSays('\n');
    await until(async () => (await treeOf(run.child.pid ?? Number.NaN, 'none')).length === 0);
    expect(await treeOf(process.ppid, 'none')).not.toContain(process.pid);
  });
});
