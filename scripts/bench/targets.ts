import { floorOf, type Measured, middle, number, percent, type Results } from './report.ts';

interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  readonly isMet: boolean;
}

/** What the project wants of hearth, each beside what was found in this run. */
export function targetsTable(results: Results): string[] {
  const rows = targetsOf(results).map(({ what, wanted, found, isMet }) => `| ${what} | ${wanted} | ${found} | ${isMet ? 'yes' : 'no'} |`);
  return ['| target | wanted | found | met |', '|---|---|---|---|', ...rows];
}

function targetsOf({ contestants, growth, crowds }: Results): Target[] {
  const hearth = contestants.filter(({ name }) => /^hearth, /.test(name));
  const guarded = contestants.filter(({ name }) => name.startsWith('hearth with'));
  const hubs = contestants.filter(({ name }) => name.startsWith('hearth hub'));
  const targets: Target[] = [];
  for (const one of hearth) {
    const floor = floorOf(contestants, one);
    for (const shape of ['sessions', 'flight']) {
      targets.push(atLeast(`${one.name}: ${shapeName(shape)}, calls/s of the floor`, ratio(one, floor, `${shape}.callsPerSecond`), 0.85));
      targets.push(atMost(`${one.name}: ${shapeName(shape)}, CPU us a call`, middle(one, `${shape}.cpuPerCall`), one.transport === 'http' ? 45 : 60));
    }
    targets.push(atMost(`${one.name}: p50 with one client, times the floor's`, ratio(one, floor, 'one.p50'), 1.2));
    targets.push(atMost(`${one.name}: 32 MiB, times the floor's`, ratio(one, floor, 'size.32'), 1.5));
    targets.push(atMost(`${one.name}: 64 MiB, times 8 MiB`, middle(one, 'size.64') / middle(one, 'size.8'), 8));
    targets.push(atMost(`${one.name}: start, times the floor's`, ratio(one, floor, 'start.ms'), 1.6));
    targets.push(atMost(`${one.name}: RSS at rest, MB`, middle(one, 'start.rssMb'), 80));
    targets.push(atMost(`${one.name}: KB a session`, middle(one, 'idle.kbPerSession'), 60));
    targets.push(atMost(`${one.name}: CPU of the idle sessions, %`, middle(one, 'idle.cpuPercent'), 1));
    targets.push(atMost(`${one.name}: a session for each operation, in calls`, middle(one, 'operation.cpu') / middle(one, 'one.cpuPerCall'), 3));
  }
  for (const one of guarded) {
    const floor = floorOf(contestants, one);
    for (const shape of ['sessions', 'flight']) {
      targets.push(atLeast(`${one.name}: ${shapeName(shape)}, calls/s of the floor`, ratio(one, floor, `${shape}.callsPerSecond`), 0.7));
    }
  }
  for (const one of hubs) {
    const wrapper = hearth.find(({ transport }) => transport === one.transport) as Measured;
    targets.push(atMost(`${one.name}: CPU a call, times the wrapper's`, ratio(one, wrapper, 'sessions.cpuPerCall'), 1.1));
  }
  const bySessions = growth.find(({ what }) => what === 'sessions')?.points;
  const [first, last] = [bySessions?.at(0), bySessions?.at(-1)];
  if (first && last)
    targets.push(atMost(`a call with ${last[0]} sessions open, times one with few`, last[1] / (bySessions?.at(1)?.[1] ?? first[1]), 1.5));
  for (const { transport, sessions, restMb, crowdMb, cpuPercent } of crowds) {
    const what = `${sessions.toLocaleString('en')} idle sessions over ${transport}`;
    targets.push(atMost(`${what}, MB`, crowdMb - restMb, 150), atMost(`${what}, CPU %`, cpuPercent, 1));
  }
  return targets;
}

function ratio(one: Measured, other: Measured, figure: string): number {
  return middle(one, figure) / middle(other, figure);
}

function atLeast(what: string, found: number, wanted: number): Target {
  return { what, wanted: `at least ${percent(wanted)}`, found: percent(found), isMet: found >= wanted };
}

function atMost(what: string, found: number, wanted: number): Target {
  return { what, wanted: `at most ${wanted}`, found: number(found, found < 10 ? 2 : 0), isMet: found <= wanted };
}

function shapeName(shape: string): string {
  return shape === 'sessions' ? '32 sessions' : '64 in flight';
}
